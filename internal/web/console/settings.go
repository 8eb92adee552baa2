package console

import (
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/login"
)

// keyLine is one API key without its secret.
type keyLine struct {
	ID, Name, Prefix, Role string
	Made                   time.Time
	Revoked                *time.Time
}

type settingsView struct {
	Users  []org.StaffUser
	Keys   []keyLine
	Secret string // of a key just made: shown once
	User   login.NewUser
	KeyFor string
	Errors fieldErrors
	Part   string // the form that the mistakes are of
}

// roles in the order they are offered.
var roles = []access.Role{access.Receptionist, access.Manager, access.Admin, access.Viewer}

func (c *Console) settings(w http.ResponseWriter, r *http.Request, p *Page) {
	c.showSettings(w, r, p, http.StatusOK, settingsView{})
}

func (c *Console) showSettings(w http.ResponseWriter, r *http.Request, p *Page, status int, v settingsView) {
	if p.Allows(access.ManageUsers) {
		users, err := c.need.Login.ListUsers(r.Context(), p.Scope)
		if err != nil {
			c.fail(w, r, p, err)
			return
		}
		keys, err := c.need.Login.Keys(r.Context(), p.Scope)
		if err != nil {
			c.fail(w, r, p, err)
			return
		}
		v.Users = users
		for _, k := range keys {
			v.Keys = append(v.Keys, keyLine{k.ID.String(), k.Name, k.Prefix, string(k.Role), k.CreatedAt, k.RevokedAt})
		}
	}
	c.show(w, r, status, settingsPage(p, v))
}

func (c *Console) addUser(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	n := login.NewUser{Login: r.PostForm.Get("login"), Name: r.PostForm.Get("name"),
		Password: r.PostForm.Get("password"), Role: access.Role(r.PostForm.Get("role"))}
	_, err := c.need.Login.AddUser(r.Context(), p.Scope, n)
	switch errs.KindOf(err) {
	case "":
		back(w, r, "/settings", "user_added")
	case errs.Invalid, errs.Conflict:
		n.Password = ""
		c.showSettings(w, r, p, http.StatusUnprocessableEntity, settingsView{User: n, Errors: fieldsOf(p.W, err), Part: "user"})
	default:
		c.fail(w, r, p, err)
	}
}

// switchUser locks somebody out or lets them in again.
func (c *Console) switchUser(w http.ResponseWriter, r *http.Request, p *Page) {
	user, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err == nil {
		err = c.need.Login.SetDisabled(r.Context(), p.Scope, user, r.PostForm.Get("disabled") == "yes")
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/settings", "user_changed")
}

// setPassword gives somebody a new password, which they change at their next log-in if they wish.
func (c *Console) setPassword(w http.ResponseWriter, r *http.Request, p *Page) {
	user, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err == nil {
		err = c.need.Login.SetPassword(r.Context(), p.Scope, user, r.PostForm.Get("password"))
	}
	switch errs.KindOf(err) {
	case "":
		back(w, r, "/settings", "password_set")
	case errs.Invalid:
		c.showSettings(w, r, p, http.StatusUnprocessableEntity, settingsView{Errors: fieldsOf(p.W, err), Part: user.String()})
	default:
		c.fail(w, r, p, err)
	}
}

// changePassword changes the reader's own password; everybody logs in again with the new one.
func (c *Console) changePassword(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	err := c.need.Login.ChangePassword(r.Context(), p.Scope, r.PostForm.Get("old"), r.PostForm.Get("password"), c.opt.ClientAddress(r))
	switch errs.KindOf(err) {
	case "":
		c.setCookie(w, c.sessionCookie(), "", time.Time{})
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	case errs.Invalid, errs.TooMany:
		c.showSettings(w, r, p, http.StatusUnprocessableEntity, settingsView{Errors: fieldsOf(p.W, err), Part: "own"})
	default:
		c.fail(w, r, p, err)
	}
}

// addKey makes an API key and shows its secret in the answer itself: it is nowhere to be read again.
func (c *Console) addKey(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	name := r.PostForm.Get("name")
	secret, _, err := c.need.Login.NewKey(r.Context(), p.Scope, name, access.Role(r.PostForm.Get("role")))
	switch errs.KindOf(err) {
	case "":
		c.showSettings(w, r, p, http.StatusOK, settingsView{Secret: secret})
	case errs.Invalid:
		c.showSettings(w, r, p, http.StatusUnprocessableEntity, settingsView{KeyFor: name, Errors: fieldsOf(p.W, err), Part: "key"})
	default:
		c.fail(w, r, p, err)
	}
}

func (c *Console) revokeKey(w http.ResponseWriter, r *http.Request, p *Page) {
	key, err := pathID(r, "id")
	if err == nil {
		err = c.need.Login.RevokeKey(r.Context(), p.Scope, key)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/settings", "key_revoked")
}

// mistakesOf are the mistakes of one form of the page.
func (v *settingsView) mistakesOf(part string) fieldErrors {
	if v.Part != part {
		return nil
	}
	return v.Errors
}
