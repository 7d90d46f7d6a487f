/**
 * Preloaded into a server, keeps it from following its views; with the longest pause between two seals
 * what is left is the request path alone. Only for comparison.
 */
import { ViewsFollowing } from '../dist/cli/views-following.js';

ViewsFollowing.prototype.start = () => undefined;
