package smpp

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
)

func TestEveryFieldOfTheConfigSurvivesJSON(t *testing.T) {
	t.Parallel()
	var c Config
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(i + 1))
		}
	}
	c.Bind, c.Alphabet, c.Concat, c.ReceiptID, c.ReceiptZone = BindPair, "latin1", carrier.ConcatSAR, IDHexToDec, "Europe/Warsaw"
	c.Host, c.Password = "127.0.0.1", phi.T("s3cret") // a simulator may be nowhere else
	c.QueryAfter = time.Hour
	c.ExtraTLVs = []carrier.TLV{{Tag: 0x1401, Value: []byte{1, 2}}}
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Fatalf("this test leaves %s empty", v.Type().Field(i).Name)
		}
	}
	got, err := ParseConfig([]byte(c.JSON().Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, got, cmp.Comparer(func(a, b phi.Text) bool { return a == b })); d != "" {
		t.Fatal(d)
	}
	if s := fmt.Sprintf("%+v %v", got, c.JSON()); strings.Contains(s, "s3cret") {
		t.Fatal("the password is printed")
	}
}

func TestConfigIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	c, err := ParseConfig([]byte(`{"host":"smsc.example","system_id":"clinic","validity":"36h","extra_tlvs":[{"tag":5121,"hex":"61 62"}]}`))
	if err != nil || c.Validity != 36*time.Hour || string(c.ExtraTLVs[0].Value) != "ab" {
		t.Fatalf("%+v %v", c, err)
	}
	for _, bad := range []string{``, `[]`, `{"host":"x"}`, `{"host":"x","system_id":"y","windwo":3}`, `{"host":"x","system_id":"y","grace":"soon"}`,
		`{"host":"x","system_id":"y","extra_tlvs":[{"tag":1,"hex":"zz"}]}`} {
		if _, err := ParseConfig([]byte(bad)); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestTheDocumentNamesEverySetting(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/smpp-route.md")
	if err != nil {
		t.Fatal(err)
	}
	fields := reflect.TypeFor[wireConfig]()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		if !strings.Contains(string(doc), "| `"+name+"` |") {
			t.Errorf("docs/smpp-route.md does not explain %s", name)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		if !slices.ContainsFunc(reflect.VisibleFields(fields), func(f reflect.StructField) bool {
			return strings.HasPrefix(f.Tag.Get("json")+",", row[1]+",")
		}) {
			t.Errorf("docs/smpp-route.md explains %s, which does not exist", row[1])
		}
	}
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(doc), -1) {
		if _, err := ParseConfig([]byte(block[1])); err != nil {
			t.Errorf("an example in docs/smpp-route.md is refused: %v\n%s", err, block[1])
		}
	}
}
