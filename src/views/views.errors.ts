/** A database of views is damaged or contradicts itself. It is disposable: views are built anew. */
export class ViewsUnreadable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ViewsUnreadable';
  }
}
