import { unverifiedHeading } from './consent.template.js';

/** The body of the error page; `it` is prepared by `errorPage`. */
export const errorTemplate = `
<h1><%= it.title %></h1>
<p class="lead"><%= it.message %></p>
<section aria-labelledby="details">
<h2 id="details">If you ask for help, pass this on</h2>
<dl class="facts">
<div><dt>Error</dt>
<dd><bdi class="literal"><%= it.errorCode %></bdi></dd></div>
<div><dt>Request</dt>
<dd><bdi class="literal"><%= it.requestId %></bdi></dd></div>
</dl>
</section>
`;

/** The body of the message page; `it` is prepared by `messagePage`. */
export const messageTemplate = `
<h1><%= it.title %></h1>
<p class="lead"><%= it.message %></p>
<% if (it.unverifiedName) { %>
<section class="notice notice-caution" aria-labelledby="unverified">
${unverifiedHeading}
<p><bdi class="client-name"><%= it.unverifiedName %></bdi> registered itself and chose its own name. Go on only
if you trust it.</p>
</section>
<% } %>
<% if (it.link) { %>
<div class="actions">
<a class="button button-secondary" href="<%= it.link.href %>"><%= it.link.label %></a>
</div>
<% } %>
`;

/** The body of the sign-out page; `it` is prepared by `signOutPage`. */
export const signOutTemplate = `
<h1>Sign out?</h1>
<% if (it.clientName) { %>
<p class="lead"><bdi class="client-name"><%= it.clientName %></bdi> asks to sign you out.</p>
<% } %>
<% if (it.unverified) { %>
<section class="notice notice-caution" aria-labelledby="unverified">
${unverifiedHeading}
<p>It registered itself and chose its own name.</p>
</section>
<% } %>
<% if (it.accountName) { %>
<p class="lead">You are signed in as <bdi class="account-name"><%= it.accountName %></bdi>.</p>
<% } %>
<p class="aside">Signing out ends the access of applications that may act only while you are signed in.
Those that you allowed to act while you are away keep their access.</p>
<% if (it.returnsTo) { %>
<dl class="facts">
<div><dt>Leads on to</dt>
<dd><bdi class="literal"><%= it.returnsTo %></bdi></dd></div>
</dl>
<% } %>
<form method="post" action="<%= it.action %>">
<input type="hidden" name="interaction" value="<%= it.interaction %>">
<input type="hidden" name="csrf" value="<%= it.csrfToken %>">
<div class="actions">
<button class="button button-primary" type="submit" name="decision" value="sign_out">Sign out</button>
<button class="button button-secondary" type="submit" name="decision" value="stay">Stay signed in</button>
</div>
</form>
`;
