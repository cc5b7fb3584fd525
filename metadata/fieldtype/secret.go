package fieldtype

import (
	"encoding/json"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// SecretType is a text that is sealed when it comes in and never shown: pages, exports,
// history and events tell only whether there is one. Expressions can compare it with
// nil. Without a Sealer no secret is taken.
type SecretType struct{ Sealer Sealer }

// Sealer keeps texts from everybody who has no key.
type Sealer interface {
	Seal(plain string) (sealed string, err error)
	Open(sealed string) (plain string, err error)
}

const maxSecret = 4096

func (SecretType) Name() string { return "secret" }

// AlsoCalled implements Called.
func (SecretType) AlsoCalled() []string {
	return []string{"password", "encrypted_text", "encrypted"}
}

func (SecretType) SettingsSchema() map[string]any { return map[string]any{} }

// Bind refuses defaults: they would stand in the configuration for everybody to read.
func (t SecretType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	switch {
	case f.Default != nil:
		return nil, []*fault.Fault{fault.New(fault.Invalid, "field.secret_default").At("/default")}
	case f.DefaultExpr != "":
		return nil, []*fault.Fault{fault.New(fault.Invalid, "field.secret_default").At("/default_expr")}
	}
	return secretValue{sealer: t.Sealer}, nil
}

// secretValue is stored as a JSON text, which no store sorts, searches or compares.
type secretValue struct{ sealer Sealer }

func (secretValue) Storage() Storage { return JSON }
func (secretValue) Kind() Kind       { return AnyKind }

// Form keeps a field that becomes another one from reading sealed texts.
func (secretValue) Form() string { return "secret" }

// Coerce seals a text. What is shown instead of a secret is none.
func (v secretValue) Coerce(in any) (any, *fault.Fault) {
	plain, ok := in.(string)
	switch {
	case !ok || plain == shownSecret:
		return nil, fault.New(fault.Invalid, "field.not_a_secret")
	case strings.TrimSpace(plain) == "":
		return nil, nil
	case v.sealer == nil:
		return nil, fault.New(fault.Invalid, "field.no_secret_key")
	}
	if problem := tooLong(plain, maxSecret); problem != nil {
		return nil, problem
	}
	sealed, err := v.sealer.Seal(plain)
	if err != nil {
		return nil, fault.New(fault.Invalid, "field.no_secret_key").Because(err)
	}
	return json.RawMessage(metadata.AppendString(nil, sealed)), nil
}

// Open is the secret itself, for what the platform does with it.
func (v secretValue) Open(stored any) (string, error) {
	var sealed string
	if err := json.Unmarshal(stored.(json.RawMessage), &sealed); err != nil {
		return "", err
	}
	if v.sealer == nil {
		return "", fault.New(fault.Invalid, "field.no_secret_key")
	}
	return v.sealer.Open(sealed)
}

// shownSecret stands for every secret.
const shownSecret = "true"

func (secretValue) AppendJSON(dst []byte, _ any) []byte { return append(dst, shownSecret...) }
func (secretValue) CSV(any) string                      { return shownSecret }

// Schema is that of what is shown: that there is one.
func (secretValue) Schema() map[string]any { return map[string]any{"type": "boolean", "const": true} }

// WriteSchema is that of what is sent.
func (secretValue) WriteSchema() map[string]any {
	return map[string]any{"type": "string", "minLength": 1, "maxLength": maxSecret, "writeOnly": true}
}
