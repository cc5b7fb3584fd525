package link

import (
	"testing"
)

var decision, question = Purpose{"decision", "/decide"}, Purpose{"question", "/ask"}

// A token is good for one purpose, tenant and thing.
func TestTokensAreForOneThing(t *testing.T) {
	of := token("key", "main", decision, 7)
	if thing, ok := named(of); !ok || thing != 7 {
		t.Fatalf("the token names %v (%v)", thing, ok)
	}
	for _, other := range []string{token("key", "main", question, 7), token("key", "other", decision, 7), token("yek", "main", decision, 7), token("key", "main", decision, 8)} {
		if other == of {
			t.Errorf("two things have the token %s", of)
		}
	}
}

// What a token names is read back, and nothing else is taken for one.
func FuzzTokens(f *testing.F) {
	f.Add(token("key", "main", decision, 7))
	f.Add("")
	f.Add("A.B")
	f.Fuzz(func(t *testing.T, given string) {
		if thing, ok := named(given); ok && len(token("key", "main", decision, thing)) != len(given) {
			t.Errorf("%q is taken for a token of %v", given, thing)
		}
	})
}
