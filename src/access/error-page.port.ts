/** What an error page says. Nothing of it is trusted to be free of markup. */
export interface ErrorPageContent {
  readonly title: string;
  readonly message: string;
  readonly errorCode: string;
  readonly requestId: string;
}

/** Shows an error to a person whose browser must not be sent anywhere (RFC 6749, 4.1.2.1). */
export abstract class ErrorPage {
  /** A complete HTML document. */
  abstract render(content: ErrorPageContent): string;
}
