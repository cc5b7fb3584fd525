package search_test

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"formwork/engine/query"
	"formwork/engine/search"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts []string
		want  string
	}{
		{"nothing", nil, ""},
		{"only signs", []string{" -- !? "}, ""},
		{"words once, sorted", []string{"Titan raven, Titan", "GmbH"}, "gmbh raven titan"},
		{"case and diacritics", []string{"Müller MULLER Ångström"}, "angstrom muller"},
		{"sharp s", []string{"Straße"}, "strasse"},
		{"width", []string{"ＡＣＭＥ"}, "acme"},
		{"ligature", []string{"oﬃce"}, "office"},
		{"digits", []string{"GTX-4090 v2"}, "4090 gtx v2"},
		{"e-mail", []string{"info@acme.example.com"}, "acme com example info"},
		{"chinese", []string{"北京科技"}, "京 京科 北 北京 技 科 科技"},
		{"mixed", []string{"华为Mate手机"}, "mate 为 华 华为 手 手机 机"},
		{"cyrillic", []string{"Москва"}, "москва"},
		{"hangul is recomposed", []string{"서울"}, "서 서울 울"},
		{"one character", []string{"王"}, "王"},
		{"invalid utf-8", []string{"ab\xffcd"}, "ab cd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(search.Words(c.texts...), " "); got != c.want {
				t.Fatalf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestQuery(t *testing.T) {
	for _, c := range []struct {
		q    string
		want []query.Word
	}{
		{"  ", nil},
		{"Ac Ac", []query.Word{{Text: "ac", Prefix: true}}},
		{"titan rav", []query.Word{{Text: "titan", Prefix: true}, {Text: "rav", Prefix: true}}},
		{"京", []query.Word{{Text: "京"}}},
		{"北京科技", []query.Word{{Text: "北京"}, {Text: "京科"}, {Text: "科技"}}},
		{"mate手机", []query.Word{{Text: "mate", Prefix: true}, {Text: "手机"}}},
	} {
		if got := search.Query(c.q); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: got %v, want %v", c.q, got, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	var text strings.Builder
	for i := range 5000 {
		text.WriteString(strings.Repeat("x", i%70+1) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + " ")
	}
	if n := len(search.Words(text.String())); n != search.MaxWords {
		t.Errorf("%d words", n)
	}
	if n := len(search.Query(text.String())); n != search.MaxQueryWords {
		t.Errorf("%d words in a query", n)
	}
	long := strings.Repeat("é", 500)
	if !search.Match(search.Words(long), search.Query(long)) {
		t.Error("a long word is not found")
	}
}

// Of a long text the beginning is read: what follows is neither found nor held.
func TestWordsOfLongTexts(t *testing.T) {
	for _, before := range []string{"字", "é ", "a "} {
		text := "first " + strings.Repeat(before, 3_000_000/len(before)) + " last"
		var start, end runtime.MemStats
		runtime.ReadMemStats(&start)
		words := search.Words(text, "other")
		runtime.ReadMemStats(&end)
		if !search.Match(words, search.Query("first other")) || search.Match(words, search.Query("last")) {
			t.Errorf("a text of %q is found by %q", before, words)
		}
		if bytes := end.TotalAlloc - start.TotalAlloc; bytes > 8<<20 {
			t.Errorf("%d bytes were made for the words of a text of %q", bytes, before)
		}
	}
}

// A text is found by itself and by every part of it that begins where a word does
// or lies within a run without spaces.
func TestEveryPartIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pool := []rune("abzÄéÉß09 -_.,北京科技有限ｱあア한국กา\u0301ﬁⅣ")
	for range 5000 {
		text := make([]rune, random.IntN(24))
		for i := range text {
			text[i] = pool[random.IntN(len(pool))]
		}
		words := search.Words(string(text))
		if !sort.StringsAreSorted(words) {
			t.Fatalf("%q: not sorted: %q", string(text), words)
		}
		if q := search.Query(string(text)); !search.Match(words, q) {
			t.Fatalf("%q is not found by itself: words %q, query %v", string(text), words, q)
		}
		for _, w := range words {
			part := w
			if _, size := utf8.DecodeLastRuneInString(w); utf8.RuneCountInString(w) > 2 {
				part = w[:len(w)-size]
			}
			if !search.Match(words, search.Query(part)) {
				t.Fatalf("%q is not found by %q", string(text), part)
			}
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"", "Müller GmbH", "北京科技", "ab\xff", "ǅ ﷺ İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		words := search.Words(s)
		if len(words) > search.MaxWords || !sort.StringsAreSorted(words) {
			t.Fatalf("%d words, sorted %v", len(words), sort.StringsAreSorted(words))
		}
		for _, w := range words {
			if w == "" || !utf8.ValidString(w) {
				t.Fatalf("word %q", w)
			}
		}
		if len(words) < search.MaxWords && !search.Match(words, search.Query(s)) {
			t.Fatalf("%q is not found by itself", s)
		}
	})
}

func BenchmarkWords(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		search.Words("Titan raven Holdings 4711", "info4711@titanraven.example.com")
	}
}
