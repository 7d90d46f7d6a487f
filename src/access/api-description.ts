import type * as Swagger from '@nestjs/swagger';

/** The decorators of Nest's OpenAPI generator that controllers describe themselves with. */
export type ApiDecorators = Pick<
  typeof Swagger,
  'ApiBody' | 'ApiOperation' | 'ApiResponse' | 'ApiSecurity' | 'ApiTags'
>;

/** The headers of an answer as they are described. */
export type ApiHeaders = Readonly<
  Record<
    string,
    { readonly description: string; readonly schema: Readonly<Record<string, unknown>> }
  >
>;

/**
 * The member of an ApiResponse that says as what else it comes, by media type: Nest's generator would
 * describe every media type of an answer by the one schema.
 */
export const OTHER_CONTENT = 'x-other-content';

/** What a decorator of a class or of a method is given. */
type Place = [target: object, key?: string | symbol, descriptor?: unknown];

const descriptions: ((decorators: ApiDecorators) => void)[] = [];

/**
 * What a controller or a method says of itself in the OpenAPI document; the words are Nest's. They are
 * only kept until somebody asks for the document: its generator is a fourth of all modules, and
 * hardly a server's life needs it.
 */
export const ApiOperation = keeping(({ ApiOperation: real }) => real);
/** As ApiOperation: an answer. */
export const ApiResponse = keeping(({ ApiResponse: real }) => real);
/** As ApiOperation: the body of a request. */
export const ApiBody = keeping(({ ApiBody: real }) => real);
/** As ApiOperation: what is needed to be let in. */
export const ApiSecurity = keeping(({ ApiSecurity: real }) => real);
/** As ApiOperation: the chapter that it stands in. */
export const ApiTags = keeping(({ ApiTags: real }) => real);

/** Hands every kept description to the generator, in the order in which decorators were applied. */
export function describeControllers(decorators: ApiDecorators): void {
  for (const describe of descriptions.splice(0)) describe(decorators);
}

function keeping<Words extends unknown[]>(
  realOf: (decorators: ApiDecorators) => (...words: Words) => ClassDecorator | MethodDecorator,
): (...words: Words) => ClassDecorator & MethodDecorator {
  return (...words) =>
    (...place: Place) => {
      descriptions.push((decorators) => {
        Reflect.apply(realOf(decorators)(...words), undefined, place);
      });
    };
}
