package message_test

import (
	"os"
	"regexp"
	"slices"
	"testing"
	"testing/fstest"

	"formwork/engine/message"
)

func TestText(t *testing.T) {
	m := message.New("access.grant_sharing", "user", "Ann", "access", "{user}")
	for language, want := range map[string]string{"en": "Share the record with Ann: {user}.", "zh": "将该记录共享给 Ann：{user}。", "xx": "Share the record with Ann: {user}."} {
		if got := m.Text(language); got != want {
			t.Errorf("%s: %s", language, got)
		}
	}
	if got := message.New("access.no_such_text").Text("en"); got != "access.no_such_text" {
		t.Errorf("an unknown code says %q", got)
	}
}

func TestLoad(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	c := message.Load(fstest.MapFS{
		"messages/a.json": file(`{"": {"en": "A", "zh": "甲"}, "b": {"en": "{x} and {y}"}}`),
		"messages/c.txt":  file(`no catalogue`),
	})
	if got := c.Text("a", "zh", nil); got != "甲" || !c.Known("a") {
		t.Errorf("a is %q", got)
	}
	if got := c.Text("a.b", "zh", map[string]any{"x": 1}, "y", "2"); got != "1 and 2" || c.Known("a.b") || len(c) != 2 {
		t.Errorf("a.b is %q of %v", got, c)
	}
	defer func() {
		if recover() == nil {
			t.Error("a file that is no JSON was loaded")
		}
	}()
	message.Load(fstest.MapFS{"messages/a.json": file(`{`)})
}

// A text has the same places in every language.
func TestPlaces(t *testing.T) {
	place := regexp.MustCompile(`{[a-z_]+}`)
	for _, folder := range []string{".", "../fault"} {
		for code, byLanguage := range message.Load(os.DirFS(folder)) {
			var first []string
			for i, language := range message.Languages {
				found := place.FindAllString(byLanguage[language], -1)
				slices.Sort(found)
				if i == 0 {
					first = slices.Compact(found)
				} else if !slices.Equal(slices.Compact(found), first) {
					t.Errorf("%s has the places %v in %s and %v in %s", code, first, message.Languages[0], found, language)
				}
			}
		}
	}
}
