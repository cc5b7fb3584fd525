package secret_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"formwork/engine/secret"
)

func newKey() string {
	raw := make([]byte, secret.KeyBytes)
	rand.Read(raw)
	return base64.StdEncoding.EncodeToString(raw)
}

func ring(t *testing.T, keys ...string) *secret.Keyring {
	t.Helper()
	r, err := secret.Parse(strings.Join(keys, ", "), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A new key in front of the old one seals from then on, and what the old one sealed
// still opens.
func TestKeysAreReplaced(t *testing.T) {
	first, second := newKey(), newKey()
	before, after := ring(t, first), ring(t, second, first)
	for _, plain := range []string{"", "p", "密码 and more", strings.Repeat("x", 5000)} {
		sealed, err := before.Seal(plain)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := before.Seal(plain); again == sealed {
			t.Error("the same text was sealed twice alike")
		}
		if plain != "" && len(plain) > 1 && strings.Contains(sealed, plain) {
			t.Errorf("%q shows in %q", plain, sealed)
		}
		if got, err := after.Open(sealed); err != nil || got != plain {
			t.Errorf("opened %q, %v; want %q", got, err, plain)
		}
		if _, err := ring(t, second).Open(sealed); !errors.Is(err, secret.ErrKey) {
			t.Errorf("without its key: %v", err)
		}
		renewed, err := after.Seal(plain)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := before.Open(renewed); !errors.Is(err, secret.ErrKey) {
			t.Errorf("the old key opened what the new one sealed: %v", err)
		}
	}
}

// A sealed text of which a single character was changed does not open.
func TestChangedTextsDoNotOpen(t *testing.T) {
	r := ring(t, newKey())
	sealed, err := r.Seal("the key of a service")
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		other := byte('A')
		if sealed[i] == other {
			other = 'B'
		}
		changed := sealed[:i] + string(other) + sealed[i+1:]
		// The last character of base64 has bits that stand for nothing.
		if plain, err := r.Open(changed); err == nil && i != len(sealed)-1 {
			t.Errorf("%q opened to %q", changed, plain)
		}
	}
}

func TestKeysThatAreNone(t *testing.T) {
	for _, text := range []string{"", "abc", newKey() + ",", base64.StdEncoding.EncodeToString(make([]byte, 16)), "%%%"} {
		if _, err := secret.Parse(text, rand.Reader); err == nil {
			t.Errorf("%q was taken", text)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	r, err := secret.Parse(base64.StdEncoding.EncodeToString(make([]byte, secret.KeyBytes)), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	sealed, _ := r.Seal("x")
	f.Add(sealed)
	f.Add("1.00000000.")
	f.Add("1..")
	f.Fuzz(func(t *testing.T, text string) {
		if plain, err := r.Open(text); err == nil && plain != "x" {
			t.Errorf("%q opened to %q", text, plain)
		}
	})
}
