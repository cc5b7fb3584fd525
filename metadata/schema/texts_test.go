package schema_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"formwork/metadata/schema"
	"formwork/plugins/standard"
)

// literal is what stands in a text as it is written in documents.
var literal = regexp.MustCompile(`[a-z_]+\.<[a-z]+>(\.[a-z]+)?|[a-z]+_[a-z_]+|\d[\d,]*`)

// Whatever a schema says to people is there in Chinese, and nothing else is; what is written in documents is the same in both.
func TestTextsAreInBothLanguages(t *testing.T) {
	raw, err := os.ReadFile("zh.json")
	if err != nil {
		t.Fatal(err)
	}
	var chinese map[string]string
	if err := json.Unmarshal(raw, &chinese); err != nil {
		t.Fatal(err)
	}
	schemas := schema.New(standard.FieldTypes(), standard.Kinds().All())
	said := map[string]bool{}
	for _, kind := range schemas.Kinds() {
		raw, _ := schemas.JSON(kind, "en")
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		schema.EachText(v, func(text string) string {
			if chinese[text] == "" && !said[text] {
				t.Errorf("%s: no Chinese for %q", kind, text)
			}
			said[text] = true
			return text
		})
	}
	for english, text := range chinese {
		if !said[english] {
			t.Errorf("nothing says %q", english)
		}
		for _, name := range literal.FindAllString(english, -1) {
			if !strings.Contains(text, name) {
				t.Errorf("%q has %s, %q has not", english, name, text)
			}
		}
	}
}

// A schema says in another language what it says in English, and means the same.
func TestSchemasAreSaidInALanguage(t *testing.T) {
	schemas := schema.New(standard.FieldTypes(), standard.Kinds().All())
	for _, kind := range schemas.Kinds() {
		var bare [3]string
		for i, language := range []string{"en", "zh", "de"} {
			raw, ok := schemas.JSON(kind, language)
			if !ok {
				t.Fatal(kind)
			}
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			var texts []string
			schema.EachText(v, func(text string) string { texts = append(texts, text); return "" })
			if chinese := slices.ContainsFunc([]rune(strings.Join(texts, "")), func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }); chinese != (language == "zh") {
				t.Errorf("%s in %s: %q", kind, language, texts)
			}
			without, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			bare[i] = string(without)
		}
		if bare[0] != bare[1] || bare[0] != bare[2] {
			t.Errorf("%s means something else in another language", kind)
		}
	}
}
