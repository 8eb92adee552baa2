package login_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/engine/login/logintest"
)

const goodPassword = "amber-kettle-drum-41"

type world struct {
	svc   *login.Service
	store *logintest.Store
	clock *clock.Fixed
	admin login.Session
}

func setup(t *testing.T) world {
	t.Helper()
	w := world{store: logintest.New(), clock: clock.NewFixed(time.Date(2026, 3, 4, 8, 0, 0, 0, time.UTC))}
	svc, err := login.New(w.store, w.clock, login.Options{})
	if err != nil {
		t.Fatal(err)
	}
	token, ok, err := svc.SetUpToken(t.Context())
	if err != nil || !ok {
		t.Fatalf("no set-up link for an empty installation: %v %v", ok, err)
	}
	w.svc = svc
	w.admin, err = svc.SetUp(t.Context(), token, login.FirstAdmin{Organization: "Elm Practice", Region: "GB",
		User: login.NewUser{Login: "Admin", Name: "Ada Adams", Password: goodPassword}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSetUpLinkWorksOnceAndOnlyWhileNobodyCanLogIn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if w.admin.User.Role != access.Admin || w.admin.Scope.Org().IsZero() {
		t.Fatalf("the first user is %s of %s", w.admin.User.Role, w.admin.Scope.Org())
	}
	if _, ok, err := w.svc.SetUpToken(t.Context()); ok || err != nil {
		t.Fatalf("a second link was offered: %v %v", ok, err)
	}
	_, err := w.svc.SetUp(t.Context(), w.admin.Token, login.FirstAdmin{})
	if !errs.Is(err, errs.NotFound) {
		t.Fatalf("a wrong link answered %v", err)
	}
}

func TestSignInOpensAFreshSessionWhoseTokenIsNotKept(t *testing.T) {
	t.Parallel()
	w := setup(t)
	s, err := w.svc.SignIn(t.Context(), " ADMIN ", goodPassword, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	if s.Token == w.admin.Token || len(s.Token) < 43 {
		t.Fatal("the token was not made anew with 256 bits")
	}
	if w.store.Holds(s.Token) {
		t.Fatal("the store holds the token itself")
	}
	if got, err := w.svc.Resume(t.Context(), s.Token, true); err != nil || got.User.ID != w.admin.User.ID {
		t.Fatalf("resume: %v", err)
	}
	if !slices.Contains(w.store.Actions(), "login") {
		t.Fatal("no audit row for the log-in")
	}
}

func TestWrongNameWrongPasswordAndDisabledAreTheSameAnswer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	off, err := w.svc.AddUser(t.Context(), w.admin.Scope, login.NewUser{Login: "off", Name: "Olga Off", Role: access.Viewer, Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.svc.SetDisabled(t.Context(), w.admin.Scope, off.ID, true); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, c := range []struct{ name, password string }{{"nobody", goodPassword}, {"admin", "wrong-wrong-wrong"}, {"off", goodPassword}, {"admin", ""}, {"admin", strings.Repeat("x", 5000)}} {
		_, err := w.svc.SignIn(t.Context(), c.name, c.password, "192.0.2.1")
		if !errs.Is(err, errs.Unauthenticated) {
			t.Fatalf("%s: %v", c.name, err)
		}
		texts = append(texts, err.Error())
	}
	if len(slices.Compact(texts)) != 1 {
		t.Fatalf("the answers differ: %q", texts)
	}
}

func TestSessionEndsWhenIdleAbsoluteDisabledOrLoggedOut(t *testing.T) {
	t.Parallel()
	gone := func(t *testing.T, w world, token string) {
		t.Helper()
		if _, err := w.svc.Resume(t.Context(), token, true); !errs.Is(err, errs.Unauthenticated) {
			t.Fatalf("the session still lives: %v", err)
		}
	}
	t.Run("idle for 15 minutes", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		w.clock.Advance(14 * time.Minute)
		if _, err := w.svc.Resume(t.Context(), w.admin.Token, false); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(2 * time.Minute) // what a page reads by itself does not count as use
		gone(t, w, w.admin.Token)
	})
	t.Run("used, but 12 hours old", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		for range 12*6 - 1 {
			w.clock.Advance(10 * time.Minute)
			if _, err := w.svc.Resume(t.Context(), w.admin.Token, true); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Advance(10 * time.Minute)
		gone(t, w, w.admin.Token)
	})
	t.Run("user disabled", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		u, err := w.svc.AddUser(t.Context(), w.admin.Scope, login.NewUser{Login: "u", Name: "U", Role: access.Viewer, Password: goodPassword})
		if err != nil {
			t.Fatal(err)
		}
		s, err := w.svc.SignIn(t.Context(), "u", goodPassword, "192.0.2.9")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.svc.SetDisabled(t.Context(), w.admin.Scope, u.ID, true); err != nil {
			t.Fatal(err)
		}
		gone(t, w, s.Token)
	})
	t.Run("logged out", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		if err := w.svc.SignOut(t.Context(), w.admin.Token); err != nil {
			t.Fatal(err)
		}
		gone(t, w, w.admin.Token)
	})
}

func TestGuessingIsLimitedButTheOwnersOwnDeskIsNotLockedOut(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := context.Background()
	if _, err := w.svc.SignIn(ctx, "admin", goodPassword, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if _, err := w.svc.SignIn(ctx, "admin", "wrong-guess-here", "198.51.100.7"); !errs.Is(err, errs.Unauthenticated) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	for _, address := range []string{"198.51.100.7", "198.51.100.8"} { // another address does not help
		if _, err := w.svc.SignIn(ctx, "admin", goodPassword, address); !errs.Is(err, errs.TooMany) {
			t.Fatalf("an eleventh guess from %s was answered: %v", address, err)
		}
	}
	if _, err := w.svc.SignIn(ctx, "admin", goodPassword, "192.0.2.1"); err != nil {
		t.Fatalf("the owner is locked out by a stranger: %v", err)
	}
	w.clock.Advance(61 * time.Minute)
	if _, err := w.svc.SignIn(ctx, "admin", goodPassword, "198.51.100.7"); err != nil {
		t.Fatalf("after an hour: %v", err)
	}
}

func TestOneAddressCannotSprayManyAccounts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for i := range 60 {
		_, err := w.svc.SignIn(t.Context(), fmt.Sprintf("user%d", i), "wrong-guess-here", "198.51.100.7")
		if !errs.Is(err, errs.Unauthenticated) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	if _, err := w.svc.SignIn(t.Context(), "user60", "wrong-guess-here", "198.51.100.7"); !errs.Is(err, errs.TooMany) {
		t.Fatalf("guess 61: %v", err)
	}
}

func TestWeakPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	for password, ok := range map[string]bool{
		"amber-kettle-drum-41": true,
		"zażółć gęślą jaźń":    true,
		"short":                false,
		"Password1234!":        false,
		"aaaaaaaaaaaaaaaa":     false,
		"123456789012345":      false,
		"j.nowak-2026!!":       false,
		"changeme!!!!!!!":      false,
	} {
		if err := login.CheckPassword("j.nowak", password); (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func TestAPIKeysAreKeptAsHashesAndEndWhenRevoked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	secret, key, err := w.svc.NewKey(t.Context(), w.admin.Scope, "practice system", access.Manager)
	if err != nil {
		t.Fatal(err)
	}
	if w.store.Holds(secret) || !strings.HasPrefix(secret, key.Prefix) {
		t.Fatal("the secret is kept, or the prefix does not recognise it")
	}
	scope, err := w.svc.Key(t.Context(), secret)
	if err != nil || scope.Actor().Kind() != access.Key || scope.Role() != access.Manager || scope.Org() != w.admin.Scope.Org() {
		t.Fatalf("scope of the key: %v %v", scope.Role(), err)
	}
	if err := w.svc.RevokeKey(t.Context(), w.admin.Scope, key.ID); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{secret, "", "carillon_", "Bearer x", secret[:len(secret)-1]} {
		if _, err := w.svc.Key(t.Context(), bad); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%q was let in: %v", bad, err)
		}
	}
}

func TestOnlyAdministratorsManageUsersAndKeys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	scope := access.ForUser(w.admin.Scope.Org(), w.admin.User.ID, access.Receptionist)
	_, e1 := w.svc.AddUser(t.Context(), scope, login.NewUser{Login: "x", Name: "X", Role: access.Admin, Password: goodPassword})
	_, _, e2 := w.svc.NewKey(t.Context(), scope, "x", access.Viewer)
	_, e3 := w.svc.ListUsers(t.Context(), scope)
	_, e4 := w.svc.Keys(t.Context(), scope)
	e5 := w.svc.SetDisabled(t.Context(), scope, w.admin.User.ID, true)
	for i, err := range []error{e1, e2, e3, e4, e5} {
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
}

func TestANewPasswordEndsEverySessionAndTheOldOneOpensNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u, err := w.svc.AddUser(t.Context(), w.admin.Scope, login.NewUser{Login: "u", Name: "U", Role: access.Viewer, Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	open := func(password string) (login.Session, error) {
		return w.svc.SignIn(t.Context(), "u", password, "192.0.2.9")
	}
	s, err := open(goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.svc.ChangePassword(t.Context(), s.Scope, "not-the-old-one", "river-stone-lamp-9", "192.0.2.9"); !errs.Is(err, errs.Invalid) {
		t.Fatalf("a wrong old password: %v", err)
	}
	if err := w.svc.ChangePassword(t.Context(), s.Scope, goodPassword, "short", "192.0.2.9"); !errs.Is(err, errs.Invalid) {
		t.Fatalf("a short new password: %v", err)
	}
	if err := w.svc.ChangePassword(t.Context(), s.Scope, goodPassword, "river-stone-lamp-9", "192.0.2.9"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.svc.Resume(t.Context(), s.Token, true); !errs.Is(err, errs.Unauthenticated) {
		t.Fatalf("the old session lives: %v", err)
	}
	if _, err := open(goodPassword); !errs.Is(err, errs.Unauthenticated) {
		t.Fatalf("the old password works: %v", err)
	}
	if err := w.svc.SetPassword(t.Context(), w.admin.Scope, u.ID, "window-paper-horse-3"); err != nil {
		t.Fatal(err)
	}
	if _, err := open("window-paper-horse-3"); err != nil {
		t.Fatal(err)
	}
	if err := w.svc.SetPassword(t.Context(), s.Scope, w.admin.User.ID, "window-paper-horse-3"); !errs.Is(err, errs.Forbidden) {
		t.Fatalf("a viewer set the administrator's password: %v", err)
	}
}
