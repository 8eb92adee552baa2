package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/engine/login"
)

// Cookies that hold a choice and no secret.
const (
	languageCookie = "carillon_language"
	themeCookie    = "carillon_theme"
	siteCookie     = "carillon_site"
)

// liveHeader marks a request that a page made by itself: it does not keep a session alive.
const liveHeader = "Carillon-Live"

// sessionCookie is the session's cookie: bound to this host by its prefix wherever TLS is used.
func (c *Console) sessionCookie() string {
	if c.opt.Secure {
		return "__Host-carillon"
	}
	return "carillon"
}

func cookieValue(r *http.Request, name string) string {
	k, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return k.Value
}

func (c *Console) setCookie(w http.ResponseWriter, name, value string, ends time.Time) {
	k := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: c.opt.Secure,
		SameSite: http.SameSiteLaxMode, Expires: ends} // a zero time sets no date
	if value == "" {
		k.MaxAge = -1
	}
	http.SetCookie(w, k)
}

// remember keeps a choice for a year.
func (c *Console) remember(w http.ResponseWriter, name, value string) {
	c.setCookie(w, name, value, time.Now().AddDate(1, 0, 0))
}

func (c *Console) session(r *http.Request) (login.Session, error) {
	active := r.Header.Get(liveHeader) == ""
	return c.need.Login.Resume(r.Context(), cookieValue(r, c.sessionCookie()), active)
}

// signedIn resumes the reader's session, checks what the route needs and hands over a page. Who is not
// logged in is sent to the log-in and comes back after it.
func (c *Console) signedIn(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := c.session(r)
		switch {
		case errs.Is(err, errs.Unauthenticated):
			c.toLogin(w, r)
			return
		case err != nil:
			c.fail(w, r, nil, err)
			return
		}
		p, err := c.page(r, s, rt.active)
		if err != nil {
			c.fail(w, r, nil, err)
			return
		}
		if rt.needs != "" && !s.Scope.Allows(rt.needs) {
			c.fail(w, r, p, errs.New(errs.Forbidden, "your role does not allow this"))
			return
		}
		rt.handle(w, r, p)
	}
}

func (c *Console) toLogin(w http.ResponseWriter, r *http.Request) {
	to := "/login"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		to += "?" + url.Values{"to": {r.URL.RequestURI()}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// ownPath keeps only an address within the console, so that a link cannot send a reader elsewhere.
func ownPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") {
		return "/"
	}
	return to
}

type loginPage struct {
	Login string
	To    string
	Error string
}

func (c *Console) loginForm(w http.ResponseWriter, r *http.Request) {
	if _, err := c.session(r); err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	c.show(w, r, http.StatusOK, loginView(c.bare(r), loginPage{To: ownPath(r.URL.Query().Get("to"))}))
}

func (c *Console) loginSubmit(w http.ResponseWriter, r *http.Request) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, nil, err)
		return
	}
	f := loginPage{Login: r.PostForm.Get("login"), To: ownPath(r.PostForm.Get("to"))}
	s, err := c.need.Login.SignIn(r.Context(), f.Login, r.PostForm.Get("password"), c.opt.ClientAddress(r))
	p := c.bare(r)
	switch errs.KindOf(err) {
	case "":
		c.start(w, s)
		http.Redirect(w, r, f.To, http.StatusSeeOther)
	case errs.Unauthenticated:
		f.Error = p.W.T("login.wrong")
		c.show(w, r, http.StatusUnauthorized, loginView(p, f))
	case errs.TooMany:
		f.Error = p.W.T("login.too_many")
		w.Header().Set("Retry-After", "600")
		c.show(w, r, http.StatusTooManyRequests, loginView(p, f))
	default:
		c.fail(w, r, nil, err)
	}
}

func (c *Console) start(w http.ResponseWriter, s login.Session) {
	c.setCookie(w, c.sessionCookie(), s.Token, time.Time{}) // gone with the browser; the server ends it too
}

func (c *Console) logout(w http.ResponseWriter, r *http.Request) {
	if err := c.need.Login.SignOut(r.Context(), cookieValue(r, c.sessionCookie())); err != nil {
		c.fail(w, r, nil, err)
		return
	}
	c.setCookie(w, c.sessionCookie(), "", time.Time{})
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// maxForm bounds an ordinary form; uploads have their own bound.
const maxForm = 64 << 10

func (c *Console) smallForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form could not be read: go back and send it again", err)
	}
	return nil
}
