import { Controller, Get, Header } from '@nestjs/common';
import { stylesheet, stylesheetPath } from './pages/stylesheet.js';

/** What the pages load: one stylesheet, named by its content and so never out of date. */
@Controller()
export class AssetsController {
  /** The stylesheet. */
  @Get(stylesheetPath)
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', 'public, max-age=31536000, immutable')
  @Header('x-content-type-options', 'nosniff')
  stylesheet(): string {
    return stylesheet;
  }
}
