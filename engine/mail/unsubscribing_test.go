package mail

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// FuzzUnsubscription holds that what a link names is read back as it was written, and whatever else is an address or nothing.
func FuzzUnsubscription(f *testing.F) {
	for _, u := range []Unsubscription{{Address: "ann@example.com"}, {Address: "王@例子.example", Language: "zh", email: 7}, {Address: "x", Language: "a very long language that is none of this world"}} {
		f.Add(u.name())
	}
	f.Add([]byte("12345678"))
	f.Fuzz(func(t *testing.T, name []byte) {
		u, ok := unsubscriptionOf(name)
		if !ok {
			return
		}
		if u.Address == "" || !utf8.ValidString(u.Address) {
			t.Errorf("%q is for %q", name, u.Address)
		}
		again, ok := unsubscriptionOf(u.name())
		if !ok || again.Address != u.Address || again.email != u.email || len(u.Language) <= maxLanguage && again.Language != u.Language || !bytes.Equal(again.name(), u.name()) {
			t.Errorf("%q is %v, and then %v", name, u, again)
		}
	})
}
