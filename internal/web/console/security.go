package console

import (
	"errors"
	"net"
	"net/http"
	"runtime/debug"
)

// policy allows the console's own files and nothing else: no inline script, no inline style, no frames.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; report-uri /csp-report"

// headers sets what every answer carries. Pages show patients, so nothing but assets is kept by a cache.
func (c *Console) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		if c.opt.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// recovered turns a panic into the page for our own faults. The panic's value may hold a patient's text,
// so only the place is logged.
func (c *Console) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			c.log.ErrorContext(r.Context(), "page panicked", "route", r.Pattern, "stack", string(debug.Stack()))
			c.showError(w, r, http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// cspReport counts a violation. The report's text may quote a page, so it is not logged.
func (c *Console) cspReport(w http.ResponseWriter, r *http.Request) {
	if c.opt.Violations != nil {
		c.opt.Violations()
	} else {
		c.log.WarnContext(r.Context(), "a browser reported a content security policy violation")
	}
	w.WriteHeader(http.StatusNoContent)
}

func connectionAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
