package fieldtype_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"formwork/engine/secret"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// A secret comes out through Open alone.
func TestSecretsAreNotShown(t *testing.T) {
	raw := make([]byte, secret.KeyBytes)
	rand.Read(raw)
	ring, err := secret.Parse(base64.StdEncoding.EncodeToString(raw), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v, problems := fieldtype.SecretType{Sealer: ring}.Bind("token", &metadata.Field{Type: "secret"}, world{})
	if problems != nil {
		t.Fatal(problems)
	}
	for _, plain := range []string{"sk-4711", " with spaces ", "密钥", "line\nbreak"} {
		stored, problem := v.Coerce(plain)
		if problem != nil {
			t.Fatal(problem)
		}
		opened, err := v.(fieldtype.Opens).Open(stored)
		if err != nil || opened != plain {
			t.Errorf("opened %q, %v; want %q", opened, err, plain)
		}
		for what, shown := range map[string]string{"stored": string(stored.(json.RawMessage)), "JSON": string(v.AppendJSON(nil, stored)), "CSV": v.CSV(stored)} {
			if strings.Contains(shown, strings.TrimSpace(plain)) {
				t.Errorf("%s shows the secret: %s", what, shown)
			}
		}
	}
	long := strings.Repeat("x", 4097)
	for _, refused := range []any{true, "true", json.Number("5"), []any{"a"}, long} {
		_, problem := v.Coerce(refused)
		if problem == nil {
			t.Errorf("%v was taken for a secret", refused)
		} else if text := problem.Text("en") + fmt.Sprint(problem.Params); strings.Contains(text, long) {
			t.Errorf("the problem shows what was sent: %s", text)
		}
	}
}
