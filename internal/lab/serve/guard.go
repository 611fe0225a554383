package serve

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// These are the rules for who may request what:
//
//   - A name that anybody can point to this address (DNS rebinding) is refused: only localhost,
//     addresses and names that the user gave are served.
//   - Only POST changes something. It needs a token, which is in the server's own forms and which
//     no page of another origin can read. Besides, browsers say where a POST comes from.
//   - The server's own pages run no script and no style but those of the server.
//   - Pages and files of the store are documents of an origin of their own (sandbox): their scripts
//     work, but see nothing of this server, and send nothing anywhere.

// own is the policy of the server's own pages.
const own = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// stored is the policy of what is in the store. Pages of reports carry their style, their script and
// their pictures with them.
const stored = "sandbox allow-scripts allow-downloads allow-popups allow-popups-to-escape-sandbox; default-src 'none'; " +
	"style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// guard refuses requests that no page of this server makes.
func (s *Server) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusForbidden, "The request came from a page of another site.")
	}))
	inner := origins.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", own)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		if !s.knows(r.Host) {
			http.Error(w, "This server does not answer to the name "+strings.ToValidUTF8(r.Host, "?")+
				": use the address that zklab serve printed, or start it with --host.", http.StatusMisdirectedRequest)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// knows reports whether a request may use a host name for this server. An IP address is always allowed,
// since it cannot be pointed elsewhere.
func (s *Server) knows(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "localhost" || slices.ContainsFunc(s.Hosts, func(h string) bool { return strings.EqualFold(h, name) })
}

// hasToken reports whether a form is one that this server made.
func (s *Server) hasToken(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.PostFormValue("token")), []byte(s.token)) == 1
}
