package schema_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/metadata/schema"
	"formwork/plugins/standard"
)

// place is a place of a text that nothing was put into.
var place = regexp.MustCompile(`\{[a-z]+\}`)

func TestProblems(t *testing.T) {
	raw, err := os.ReadFile("testdata/problems.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Kind string
		Body       json.RawMessage
		Problems   [][3]string // pointer, code, suggestion
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	schemas := schema.New(standard.FieldTypes(), standard.Kinds().All())
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var got [][3]string
			for _, f := range schemas.Check(c.Kind, c.Body) {
				suggestion, _ := f.Params["suggestion"].(string)
				got = append(got, [3]string{f.Pointer, f.Code, suggestion})
				for _, language := range fault.Languages {
					if text := f.Text(language); text == f.Code || place.MatchString(text) {
						t.Errorf("%s in %s: %q", f.Code, language, text)
					}
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.Problems) {
				t.Errorf("got  %v\nwant %v", got, c.Problems)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	schemas := schema.New(standard.FieldTypes(), standard.Kinds().All())
	fields := map[string]any{}
	for i := range 501 {
		fields[fmt.Sprintf("f%d", i)] = map[string]any{"type": "text"}
	}
	body, err := json.Marshal(map[string]any{"kind": "object", "name": "o", "name_field": "f0", "fields": fields})
	if err != nil {
		t.Fatal(err)
	}
	problems := schemas.Check("object", body)
	if len(problems) != 1 || problems[0].Code != "schema.too_many" || problems[0].Pointer != "/fields" {
		t.Errorf("501 fields: %v", problems)
	}
	deep := strings.Repeat(`{"a":`, metadata.MaxDepth) + "{}" + strings.Repeat("}", metadata.MaxDepth)
	if problems := schemas.Check("object", json.RawMessage(deep)); len(problems) != 1 || problems[0].Code != "json.depth" {
		t.Errorf("deep: %v", problems)
	}
	large := `{"kind":"policy","name":"p","object":"o","rego":"` + strings.Repeat("x", metadata.MaxDocument) + `"}`
	if problems := schemas.Check("policy", json.RawMessage(large)); len(problems) != 1 || problems[0].Code != "metadata.too_large" {
		t.Errorf("large: %v", problems)
	}
}

// Editors get a schema for each kind that refers to nothing outside of itself.
func TestServedSchemas(t *testing.T) {
	schemas := schema.New(standard.FieldTypes(), standard.Kinds().All())
	kinds := schemas.Kinds()
	if want := "[app calendar connection constant dashboard form layout mailbox object origin package permission picklist policy record role setting sharing sla template view workflow]"; fmt.Sprint(kinds) != want {
		t.Fatalf("kinds are %v", kinds)
	}
	for _, kind := range kinds {
		raw, ok := schemas.JSON(kind, "en")
		if !ok {
			t.Fatalf("no schema of %s", kind)
		}
		if _, err := schema.Compile(raw); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, ok := schemas.JSON("nothing", "en"); ok {
		t.Error("a schema of an unknown kind")
	}
	object, _ := schemas.JSON("object", "en")
	types := standard.FieldTypes()
	for _, name := range types.Names() {
		if !strings.Contains(string(object), `"settings.`+name+`"`) {
			t.Errorf("the schema of objects lacks the settings of %s", name)
		}
	}
}

// Every setting explains itself to an editor.
func TestSettingsAreDocumented(t *testing.T) {
	types := standard.FieldTypes()
	for _, name := range types.Names() {
		fieldType, _ := types.Type(name)
		for setting, s := range fieldType.SettingsSchema() {
			s := s.(map[string]any)
			if s["$ref"] == nil && (s["title"] == nil || s["description"] == nil) {
				t.Errorf("%s.%s has no title or description", name, setting)
			}
		}
	}
}

// Whatever a document has many of, by name, says to admins what each is for.
func TestCollectionsAreDescribed(t *testing.T) {
	schemas := schema.New(standard.FieldTypes(), standard.Kinds().All())
	for _, kind := range schemas.Kinds() {
		raw, _ := schemas.JSON(kind, "en")
		var all map[string]any
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatal(err)
		}
		var describes func(of map[string]any) (has, is bool)
		describes = func(of map[string]any) (has, is bool) {
			members, has := of["properties"].(map[string]any)
			is = members["description"] != nil
			also := []any{of["then"], of["else"]}
			for _, several := range []string{"allOf", "anyOf", "oneOf"} {
				more, _ := of[several].([]any)
				also = append(also, more...)
			}
			if ref, ok := of["$ref"].(string); ok {
				also = append(also, all["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")])
			}
			for _, one := range also {
				if one, ok := one.(map[string]any); ok {
					more, says := describes(one)
					has, is = has || more, is || says
				}
			}
			return has, is
		}
		var look func(at string, of any)
		look = func(at string, of any) {
			node, _ := of.(map[string]any)
			named, _ := node["patternProperties"].(map[string]any)
			for _, one := range named {
				if has, is := describes(one.(map[string]any)); has && !is && !strings.HasSuffix(at, "duplicate_rule/properties/match") { // settings of fields
					t.Errorf("%s%s are not described", kind, at)
				}
			}
			for name, below := range node {
				look(at+"/"+name, below)
			}
		}
		look("", all)
	}
}

func TestReferencesOutsideAreRefused(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(secret, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"file://" + secret, secret, "http://127.0.0.1:1/x.json", "https://example.com/x", "other.json", "ftp://127.0.0.1/x"} {
		for _, keyword := range []string{"$ref", "$schema", "$dynamicRef"} {
			raw, err := json.Marshal(map[string]any{keyword: target})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := schema.Compile(raw); err == nil {
				t.Errorf("%s to %s was followed", keyword, target)
			}
		}
	}
	if _, err := schema.Compile(json.RawMessage(`{"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}`)); err != nil {
		t.Errorf("a reference to itself: %v", err)
	}
}

func TestRecordFaults(t *testing.T) {
	s, err := schema.Compile(json.RawMessage(`{"type":"object","required":["name"],"additionalProperties":false,"properties":{
		"name":{"type":"string","maxLength":3},"size":{"type":"integer","minimum":1},"color":{"enum":["red","green"]},
		"lines":{"type":"array","items":{"type":"object","additionalProperties":false,"properties":{"n":{"type":"number"}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		`{"name":"abc"}`:              ``,
		`{}`:                          `/name field.required`,
		`{"name":"abcd"}`:             `/name field.too_long`,
		`{"name":"a","size":0}`:       `/size field.too_small`,
		`{"name":"a","size":"x"}`:     `/size field.type`,
		`{"name":"a","color":"gren"}`: `/color field.not_an_option`,
		`{"name":"a","nam":"x"}`:      `/nam field.unknown_near`,
		`{"name":"a","lines":[{"n":1},{"n":"x","m":2}]}`: `/lines/1/m field.unknown /lines/1/n field.type`,
	}
	for in, want := range cases {
		v, problem := metadata.ReadJSON([]byte(in), metadata.Limits{Bytes: 1000, Depth: 10})
		if problem != nil {
			t.Fatal(problem)
		}
		var got []string
		for _, f := range schema.RecordFaults(s, v, s.Validate(v)) {
			got = append(got, f.Pointer+" "+f.Code)
		}
		// One letter is too little to guess from, so which of the two it is does not matter.
		if text := strings.Join(got, " "); strings.ReplaceAll(text, "/m field.unknown_near", "/m field.unknown") != want {
			t.Errorf("%s: got %s, want %s", in, text, want)
		}
	}
}

// A field type that is added needs no change anywhere else.
type plainType struct{ fieldtype.TextType }

func (plainType) Name() string { return "plain" }

func TestAddedTypes(t *testing.T) {
	schemas := schema.New(fieldtype.NewRegistry(plainType{}, fieldtype.FormulaType{}), standard.Kinds().All())
	ok := `{"kind":"object","name":"o","name_field":"n","fields":{"n":{"type":"plain","max_length":3},"f":{"type":"formula","result":"plain","max_length":3,"expression":"n"}}}`
	if problems := schemas.Check("object", json.RawMessage(ok)); problems != nil {
		t.Error(problems)
	}
	if problems := schemas.Check("object", json.RawMessage(strings.ReplaceAll(ok, "plain", "text"))); len(problems) == 0 {
		t.Error("a type that is not there is known")
	}
}
