package approval

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// MaxOpen is for how long what somebody is asked by mail can be answered by its link.
const MaxOpen = 14 * 24 * time.Hour

// ErrOver is why a link is refused that was made for whoever uses it, and is good for nothing any more.
var ErrOver = errors.New("what the link asks is over")

// Links make the links by which people decide without logging in, and know them again. A link is for one person and one
// request, and holds nothing but the name of who is asked and a proof of it, which is made of a key of the tenant that is kept
// sealed: so none is kept anywhere. Safe for concurrent use.
type Links struct {
	secrets *connection.Secrets
	address string // of the program, as people reach it; "": it is not known
}

// NewLinks makes Links to the program at an address; "": none are made.
func NewLinks(secrets *connection.Secrets, address string) *Links { return &Links{secrets, address} }

// links is what has the key, among all that have secrets.
type links struct{}

func (links) Holder() string { return "approval links" }
func (links) For() string    { return "links" }

// To is the link for somebody who is asked, by Person.ID; "" where the address of the program is not known, or it has no key for secrets.
// Faults: those of connection.Secrets.
func (l *Links) To(ctx context.Context, t store.Tenant, person id.ID) (string, error) {
	if l.address == "" {
		return "", nil
	}
	key, err := l.secrets.Make(ctx, t, links{}, func() string {
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
	return l.address + "/decide#" + t.Name() + "." + token(key, t.Name(), person), nil
}

// Asked is the request and who of it is asked, by the token of a link: with its request pending, not yet answered, and not too old. Fault
// decision.refused (Unauthenticated) of all others, also where there is no such tenant (nil): nobody learns which of them.
func (l *Links) Asked(ctx context.Context, t store.Tenant, given string, now time.Time) (*Request, *Person, error) {
	refused := fault.New(fault.Unauthenticated, "decision.refused")
	person, ok := personOf(given)
	if t == nil || !ok {
		return nil, nil, refused
	}
	key, _, err := l.secrets.Find(ctx, t, links{}.Holder())
	if f := fault.From(err); f != nil {
		if f.Kind.Breaks() {
			return nil, nil, err
		}
		return nil, nil, refused
	}
	if !hmac.Equal([]byte(token(key, t.Name(), person)), []byte(given)) {
		return nil, nil, refused
	}
	r, p, err := Of(ctx, t, person)
	switch {
	case fault.Is(err, "approval.unknown"):
		return nil, nil, refused
	case err != nil:
		return nil, nil, err
	case p.State != Asked || r.State != Pending || !now.Before(r.Open()):
		return nil, nil, refused.Because(ErrOver)
	}
	return r, p, nil
}

// Open is until when a request can be answered by a link.
func (r *Request) Open() time.Time {
	end := r.At.Add(MaxOpen)
	if !r.Due.IsZero() && r.Due.Before(end) {
		end = r.Due
	}
	return end
}

// token names who is asked, with a proof that the tenant has named them.
func token(key, tenant string, person id.ID) string {
	name := binary.BigEndian.AppendUint64(nil, uint64(person)) //nolint:gosec // an id is no number
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte("decision\x00" + tenant + "\x00")) //nolint:errcheck // a hash takes everything
	h.Write(name)                                     //nolint:errcheck // so here
	return base64.RawURLEncoding.EncodeToString(h.Sum(name))
}

// personOf is whom a token names, whatever it proves.
func personOf(given string) (id.ID, bool) {
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
