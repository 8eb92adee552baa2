package app_test

import (
	"testing"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
)

func TestADataFolderIsServedByOneNode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unlock, err := app.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Lock(dir); !errs.Is(err, errs.Conflict) {
		t.Fatalf("a second node: %v", err)
	}
	unlock()
	again, err := app.Lock(dir)
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	again()
}
