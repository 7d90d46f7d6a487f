import { describe, expect, it } from '@jest/globals';
import {
  type ApiDecorators,
  ApiOperation,
  ApiTags,
  describeControllers,
} from '../../src/access/api-description.js';
import { readSourceFiles } from '../architecture/source-files.js';

/** Decorators that tell what they are given: what was said, and of what. */
function recorder() {
  const told: unknown[][] = [];
  const telling =
    (name: string) =>
    (...words: unknown[]) =>
    (target: object, key?: string | symbol) => {
      told.push([name, ...words, typeof target === 'function' ? target.name : key]);
    };
  const names = ['ApiBody', 'ApiOperation', 'ApiResponse', 'ApiSecurity', 'ApiTags'];
  const decorators = Object.fromEntries(names.map((name) => [name, telling(name)]));
  return { told, decorators: decorators as unknown as ApiDecorators };
}

describe('what a controller says of itself', () => {
  it('is handed over when it is asked for, once and in the order of the decorators', () => {
    @ApiTags('Doors')
    class Doors {
      @ApiOperation({ summary: 'Opens' })
      open(): void {}
    }
    const { told, decorators } = recorder();
    expect(Doors.name).toBe('Doors');
    expect(told).toEqual([]);
    describeControllers(decorators);
    const all = [
      ['ApiOperation', { summary: 'Opens' }, 'open'],
      ['ApiTags', 'Doors', 'Doors'],
    ];
    expect(told).toEqual(all);
    describeControllers(decorators);
    expect(told).toEqual(all);
  });

  it('needs no generator before: nothing imports it at once', () => {
    const atOnce = /^(?:import|export) (?!type )[^;]*from '@nestjs\/swagger'/m;
    const importing = readSourceFiles().filter(({ text }) => atOnce.test(text));
    expect(importing.map(({ path }) => path)).toEqual([]);
  });
});
