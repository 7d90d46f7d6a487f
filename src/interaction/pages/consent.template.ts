/** The heading of what is said of a client that registered itself. */
export const unverifiedHeading = `<h2 class="notice-title" id="unverified"><span class="badge">Unverified</span> Nobody here has checked this application</h2>`;

/** The body of the consent page; `it` is prepared by `consentPage`. */
export const consentTemplate = `
<h1><bdi class="client-name"><%= it.clientName %></bdi> wants access</h1>
<p class="lead account"><span>to your account <bdi class="account-name"><%= it.accountName %></bdi></span>
<% if (it.switchAccountUrl) { %>
<a class="target" href="<%= it.switchAccountUrl %>">Use another account</a>
<% } %>
</p>
<% if (!it.verified) { %>
<section class="notice notice-caution" aria-labelledby="unverified">
${unverifiedHeading}
<p>It registered itself and chose its own name. Allow it only if you started this yourself<% if (it.returnsToDevice) { %>
 with a program on this device<% } else if (it.returnsTo) { %>
 and trust <bdi class="literal"><%= it.returnsTo %></bdi><% } %>.</p>
</section>
<% } %>
<section aria-labelledby="permissions">
<h2 id="permissions">It will be able to</h2>
<% if (it.scopes.length === 0) { %>
<p class="aside">Nothing beyond knowing that you allowed this request.</p>
<% } else { %>
<ul class="entries" role="list">
<% for (const scope of it.scopes) { %>
<li class="entry">
<p class="entry-head"><bdi class="entry-title"><%= scope.title %></bdi>
<% if (scope.literal) { %>
<span class="entry-literal"><span class="hidden">Scope: </span><bdi class="literal"><%= scope.literal %></bdi></span>
<% } %>
</p>
<% if (scope.detail) { %>
<p class="entry-detail"><bdi><%= scope.detail %></bdi></p>
<% } %>
</li>
<% } %>
</ul>
<% } %>
</section>
<section aria-labelledby="terms">
<h2 id="terms">On these terms</h2>
<dl class="facts">
<div><dt>How long</dt>
<dd><%= it.lasts %></dd></div>
<% if (it.resources.length > 0) { %>
<div><dt>Where</dt>
<dd><% for (const resource of it.resources) { %>
<bdi class="literal literal-line"><%= resource %></bdi><% } %></dd></div>
<% } %>
<% if (it.returnsTo) { %>
<div><dt>Returns to</dt>
<dd><% if (it.returnsToDevice) { %>
a program on this device, <% } %><bdi class="literal"><%= it.returnsTo %></bdi></dd></div>
<% } %>
<% if (it.website) { %>
<div><dt>Website</dt>
<dd><% if (it.verified) { %>
<a class="target" href="<%= it.website.href %>" rel="noopener noreferrer"><bdi class="literal"><%= it.website.host %></bdi></a><% } else { %>
<bdi class="literal"><%= it.website.host %></bdi>, as it claims<% } %></dd></div>
<% } %>
</dl>
</section>
<form method="post" action="<%= it.action %>">
<input type="hidden" name="interaction" value="<%= it.interaction %>">
<input type="hidden" name="csrf" value="<%= it.csrfToken %>">
<div class="actions">
<button class="button button-primary" type="submit" name="decision" value="allow">Allow</button>
<button class="button button-secondary" type="submit" name="decision" value="deny">Deny</button>
</div>
</form>
`;
