package link_test

import (
	"bytes"
	"strings"
	"testing"

	"formwork/engine/connection"
	"formwork/engine/enginetest"
	"formwork/engine/link"
)

var kind = link.Kind{Key: "test links", Proof: "test", Most: 20}

// A link names what it was made for in its tenant, and is one of its kind alone.
func TestLinks(t *testing.T) {
	p := enginetest.New(t, enginetest.Options{})
	main, other := p.NewTenant("main", "core").Tenant, p.NewTenant("other", "core").Tenant
	links := link.New(kind, p.Secrets, "https://crm.example.com")
	whole, err := links.To(t.Context(), main, "/x#", []byte("ann"))
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(whole, "https://crm.example.com/x#")
	if name, named, err := links.Named(t.Context(), main, token); !ok || !named || string(name) != "ann" || err != nil {
		t.Errorf("%s names %q, %v, %v", whole, name, named, err)
	}
	if _, err := links.To(t.Context(), other, "/x#", []byte("ann")); err != nil { // it has a key, too
		t.Fatal(err)
	}
	if name, named, err := links.Named(t.Context(), other, token); named || err != nil {
		t.Errorf("in another tenant it names %q, %v", name, err)
	}
	if name, named, err := links.Named(t.Context(), nil, token); named || err != nil {
		t.Errorf("in no tenant it names %q, %v", name, err)
	}
	same := kind
	same.Proof = "other" // under the same key
	if name, named, err := link.New(same, p.Secrets, "").Named(t.Context(), main, token); named || err != nil {
		t.Errorf("of another kind it names %q, %v", name, err)
	}
	for why, none := range map[string]*link.Links{"no address": link.New(kind, p.Secrets, ""), "no key": link.New(kind, connection.NewSecrets(nil, p.Now), "https://crm.example.com")} {
		fresh := p.NewTenant("t"+strings.ReplaceAll(why, " ", ""), "core").Tenant
		if whole, err := none.To(t.Context(), fresh, "/x#", []byte("ann")); whole != "" || err != nil {
			t.Errorf("with %s there is %q, %v", why, whole, err)
		}
	}
}

// FuzzToken looks for a token that names something which the tenant has not.
func FuzzToken(f *testing.F) {
	p := enginetest.New(f, enginetest.Options{})
	main := p.NewTenant("main", "core").Tenant
	links := link.New(kind, p.Secrets, "https://crm.example.com")
	whole, err := links.To(f.Context(), main, "/", []byte("ann"))
	if err != nil {
		f.Fatal(err)
	}
	token := whole[strings.LastIndexByte(whole, '/')+1:]
	for _, seed := range []string{"", "x", token, token + "A", token[1:], token + "\n", strings.Repeat("A", len(token)), "=" + token} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		name, ok, err := links.Named(t.Context(), main, given)
		if err != nil || ok != (given == token) || ok && !bytes.Equal(name, []byte("ann")) {
			t.Errorf("%q names %q, %v, %v", given, name, ok, err)
		}
	})
}
