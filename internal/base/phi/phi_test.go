package phi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/phi"
)

func TestTextNeverPrintsItsContent(t *testing.T) {
	t.Parallel()
	type row struct {
		Name phi.Text
		List []phi.Text
		Ptr  *phi.Text
	}
	secret := phi.T("Zofia-CANARY")
	r := row{Name: secret, List: []phi.Text{secret}, Ptr: &secret}

	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "name", secret, "row", r)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "name", secret, "row", r)
	js, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	out := log.String() + string(js)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out += fmt.Sprintf(verb, secret) + fmt.Sprintf(verb, r)
	}
	if strings.Contains(out, "CANARY") || strings.Contains(out, "5a6f666961") {
		t.Fatalf("content leaked: %s", out)
	}
	if secret.Reveal() != "Zofia-CANARY" {
		t.Fatal("Reveal lost the content")
	}
}
