// Package link makes links by which people do one thing without logging in, and knows them again.
//
// The token of a link holds the name of what it is for and a proof of it, which is made of a key of the tenant that is kept sealed: so
// none is kept anywhere.
package link

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// ErrOver is why a link is refused that was made for whoever uses it, and is good for nothing any more.
var ErrOver = errors.New("what the link is for is over")

// Kind is what links are for. A link of one is none of another.
type Kind struct {
	Key   string // what has the key, among all that have secrets
	Proof string // what a proof is of
	Most  int    // bytes of a name
}

// Holder implements connection.Holder.
func (k Kind) Holder() string { return k.Key }

// For implements connection.Holder.
func (Kind) For() string { return "links" }

// Links are those of a kind. Safe for concurrent use.
type Links struct {
	kind    Kind
	secrets *connection.Secrets
	address string // of the program, as people reach it; "": it is not known
}

// New makes Links to the program at an address; "": none are made.
func New(kind Kind, secrets *connection.Secrets, address string) *Links {
	return &Links{kind, secrets, address}
}

// To is the link to a path of the program that names something, with the token behind it; "" where the address of the program is not known, or
// it has no key for secrets. Faults: those of connection.Secrets.
func (l *Links) To(ctx context.Context, t store.Tenant, path string, name []byte) (string, error) {
	if l.address == "" {
		return "", nil
	}
	token, err := l.Token(ctx, t, name)
	if fault.Is(err, "field.no_secret_key") { // nothing can be proved without
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return l.address + path + token, nil
}

// Token is the token of a link alone. Faults: those of connection.Secrets.
func (l *Links) Token(ctx context.Context, t store.Tenant, name []byte) (string, error) {
	key, err := l.secrets.Make(ctx, t, l.kind, func() string {
		random := make([]byte, 32)
		rand.Read(random) //nolint:errcheck // never fails
		return base64.RawURLEncoding.EncodeToString(random)
	})
	if err != nil {
		return "", err
	}
	return l.kind.token(key, t.Name(), name), nil
}

// Named is what a token names; ok is false where it does not prove that the tenant has named it, also where there is no such tenant (nil).
func (l *Links) Named(ctx context.Context, t store.Tenant, token string) (name []byte, ok bool, err error) {
	name, ok = l.kind.nameOf(token)
	if t == nil || !ok {
		return nil, false, nil
	}
	key, _, err := l.secrets.Find(ctx, t, l.kind.Holder())
	if f := fault.From(err); f != nil {
		if f.Kind.Breaks() {
			return nil, false, err
		}
		return nil, false, nil
	}
	if !hmac.Equal([]byte(l.kind.token(key, t.Name(), name)), []byte(token)) {
		return nil, false, nil
	}
	return name, true, nil
}

// NameOf is how a link names what has an id.
func NameOf(key id.ID) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(key)) //nolint:gosec // an id is no number
}

// NameSize is how many bytes that has.
const NameSize = 8

// IDOf is what a link names so.
func IDOf(name []byte) (key id.ID, ok bool) {
	if len(name) != NameSize {
		return 0, false
	}
	return id.ID(binary.BigEndian.Uint64(name)), true //nolint:gosec // an id is no number
}

// token names something, with a proof that the tenant has named it.
func (k Kind) token(key, tenant string, name []byte) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(k.Proof + "\x00" + tenant + "\x00")) //nolint:errcheck // a hash takes everything
	h.Write(name)                                       //nolint:errcheck // so here
	return base64.RawURLEncoding.EncodeToString(h.Sum(name[:len(name):len(name)]))
}

// nameOf is what a token names, whatever it proves.
func (k Kind) nameOf(token string) ([]byte, bool) {
	if len(token) > base64.RawURLEncoding.EncodedLen(k.Most+sha256.Size) {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) <= sha256.Size {
		return nil, false
	}
	return raw[:len(raw)-sha256.Size], true
}
