package inspect

// The protection of the page: the Host header, the password, requests of other origins, and the security headers of
// answers.

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// contentPolicy allows a page to load nothing but the files of this server. The picture is the only part of a page
// with a style sheet inside, which the policy names by its hash.
var contentPolicy = "default-src 'none'; style-src 'self' " + hashSource(pictureStyle) + "; script-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// hashSource returns the source expression that allows a text in a Content-Security-Policy.
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// guard returns a handler that passes only allowed requests to h.
func (p *Page) guard(h http.Handler) http.Handler {
	same := http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		switch {
		case !p.knownHost(r.Host):
			http.Error(w, "this page is not known as "+r.Host+"; -host of the sandbox, or Hosts of the page, allows it", http.StatusForbidden)
		case !p.admits(r):
			header.Set("WWW-Authenticate", `Basic realm="mail", charset="UTF-8"`)
			http.Error(w, "the password is wrong or missing", http.StatusUnauthorized)
		default:
			same.ServeHTTP(w, r)
		}
	})
}

// knownHost reports whether a request may use that name for the page. An address is always allowed. A website can
// make its own name lead here (DNS rebinding), so other names are not.
func (p *Page) knownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	return slices.ContainsFunc(p.Hosts, func(name string) bool { return strings.EqualFold(name, host) })
}

// admits reports whether a request has the password, if there is one.
func (p *Page) admits(r *http.Request) bool {
	if p.Password == "" {
		return true
	}
	_, password, _ := r.BasicAuth()
	got, want := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(p.Password))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
