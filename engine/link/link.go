// Package link makes the links by which people do something without logging in, and knows them again.
//
// A link is for one purpose and one thing, and holds nothing but the name of that and a proof of it, which is made of a key of the
// tenant that is kept sealed: so none is kept anywhere. What it is good for, and until when, its purpose says.
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

// Purpose is what a link is for. A link for one proves nothing to another.
type Purpose struct {
	Name string // in the proof
	Page string // the path of the page that it leads to
}

// Maker makes links, and knows them again. Safe for concurrent use.
type Maker struct {
	secrets *connection.Secrets
	address string // of the program, as people reach it; "": it is not known
}

// New makes a Maker of links to the program at an address; "": none are made.
func New(secrets *connection.Secrets, address string) *Maker { return &Maker{secrets, address} }

// keeper is what has the key of a tenant, among all that have secrets. Its name is that of the first purpose there was.
type keeper struct{}

func (keeper) Holder() string { return "approval links" }
func (keeper) For() string    { return "links" }

// To is the link to a thing; "" where the address of the program is not known, or it has no key for secrets. Faults: those of
// connection.Secrets.
func (m *Maker) To(ctx context.Context, t store.Tenant, p Purpose, thing id.ID) (string, error) {
	if m.address == "" {
		return "", nil
	}
	key, err := m.secrets.Make(ctx, t, keeper{}, func() string {
		random := make([]byte, 32)
		rand.Read(random) //nolint:errcheck // never fails
		return base64.RawURLEncoding.EncodeToString(random)
	})
	switch {
	case fault.Is(err, "field.no_secret_key"): // nothing can be proved without
		return "", nil
	case err != nil:
		return "", err
	}
	return m.address + p.Page + "#" + t.Name() + "." + token(key, t.Name(), p, thing), nil
}

// Proved is the thing that the token of a link names, and proves to be made for; ok is false where it proves nothing, whatever is wrong.
func (m *Maker) Proved(ctx context.Context, t store.Tenant, p Purpose, given string) (thing id.ID, ok bool, err error) {
	thing, ok = named(given)
	if t == nil || !ok {
		return 0, false, nil
	}
	key, _, err := m.secrets.Find(ctx, t, keeper{}.Holder())
	if f := fault.From(err); f != nil {
		if f.Kind.Breaks() {
			return 0, false, err
		}
		return 0, false, nil
	}
	return thing, hmac.Equal([]byte(token(key, t.Name(), p, thing)), []byte(given)), nil
}

// token names a thing, with a proof that the tenant has named it.
func token(key, tenant string, p Purpose, thing id.ID) string {
	name := binary.BigEndian.AppendUint64(nil, uint64(thing)) //nolint:gosec // an id is no number
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(p.Name + "\x00" + tenant + "\x00")) //nolint:errcheck // a hash takes everything
	h.Write(name)                                      //nolint:errcheck // so here
	return base64.RawURLEncoding.EncodeToString(h.Sum(name))
}

// named is what a token names, whatever it proves.
func named(given string) (id.ID, bool) {
	const size = 8 + sha256.Size
	if len(given) != base64.RawURLEncoding.EncodedLen(size) {
		return 0, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(given)
	if err != nil || len(raw) != size {
		return 0, false
	}
	return id.ID(binary.BigEndian.Uint64(raw)), true //nolint:gosec // an id is no number
}
