/** The body of the sign-in page; `it` is prepared by `signInPage`. */
export const signInTemplate = `
<h1>Sign in</h1>
<p class="lead">to continue to <bdi class="client-name"><%= it.clientName %></bdi></p>
<% if (it.alert) { %>
<div class="notice notice-danger" id="sign-in-error" role="alert">
<p class="notice-title"><%= it.alert.message %></p>
<% if (it.alert.advice) { %>
<p><%= it.alert.advice %></p>
<% } %>
</div>
<% } %>
<form class="fields" method="post" action="<%= it.action %>">
<input type="hidden" name="interaction" value="<%= it.interaction %>">
<input type="hidden" name="csrf" value="<%= it.csrfToken %>">
<div class="field">
<label for="username">User name</label>
<input id="username" name="username" type="text" value="<%= it.username %>" dir="auto" required
 autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false"
<% if (it.alert) { %> aria-describedby="sign-in-error"<% } %>
<% if (it.invalid) { %> aria-invalid="true"<% } %>
<% if (it.focus === 'username') { %> autofocus<% } %>>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" required autocomplete="current-password"
<% if (it.alert) { %> aria-describedby="sign-in-error"<% } %>
<% if (it.invalid) { %> aria-invalid="true"<% } %>
<% if (it.focus === 'password') { %> autofocus<% } %>>
</div>
<div class="actions">
<button class="button button-primary" type="submit">Sign in</button>
</div>
</form>
<p class="aside">Before you type your password, check that the address bar shows
<strong class="literal"><bdi><%= it.issuerHost %></bdi></strong>.</p>
`;
