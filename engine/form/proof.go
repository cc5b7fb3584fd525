package form

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"time"

	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/link"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

const (
	// Bits is how many bits of the hash of an answer to a proof are zero at first: some 65,000 tries, which a phone needs less than a second
	// for, and who sends ten thousand answers a quarter of an hour.
	Bits = 16
	// Least is how long nobody needs less to fill in a form, and most how long a page stays good that was opened.
	Least = 3 * time.Second
	most  = 12 * time.Hour
	// random is how many bytes tell two proofs of a moment apart.
	random = 16
	// maxAnswer is how long an answer is at most.
	maxAnswer = 20
)

// links have the proofs of forms: a link names when it was made, and the form.
func links(secrets *connection.Secrets) *link.Links {
	return link.New(link.Kind{Key: "form proofs", Proof: "form", Most: 8 + random + 63}, secrets, "")
}

// Proof is what whoever sends a form has to show: the token of the page that they opened, and work that was done for it.
type Proof struct {
	form string
	at   time.Time
	id   [sha256.Size]byte
	text string
}

// named is what a token names.
func named(form string, at time.Time) []byte {
	name := binary.BigEndian.AppendUint64(make([]byte, 0, 8+random+len(form)), uint64(at.UnixMilli())) //nolint:gosec // no time before 1970
	name = name[:8+random]
	rand.Read(name[8:]) //nolint:errcheck // never fails
	return append(name, form...)
}

// ProofOf is what a token proves. Fault form.refused (Unauthenticated) where it proves nothing.
func (f *Forms) ProofOf(ctx context.Context, t store.Tenant, token string) (*Proof, error) {
	name, ok, err := f.links.Named(ctx, t, token)
	if err != nil {
		return nil, err
	}
	if !ok || len(name) <= 8+random {
		return nil, fault.New(fault.Unauthenticated, "form.refused")
	}
	at := time.UnixMilli(int64(binary.BigEndian.Uint64(name))) //nolint:gosec // as it was made
	return &Proof{form: string(name[8+random:]), at: at, id: sha256.Sum256([]byte(token)), text: token}, nil
}

// check refuses a proof that is of another form, too new or too old, or for which no work was done. Faults: form.refused (Unauthenticated),
// form.stale (Stale), form.too_fast (Limited), form.no_work (Invalid).
func (p *Proof) check(form, answer string, now time.Time) error {
	switch {
	case p.form != form:
		return fault.New(fault.Unauthenticated, "form.refused").Because(link.ErrOver)
	case now.Sub(p.at) > most || p.at.After(now.Add(time.Minute)):
		return fault.New(fault.Stale, "form.stale")
	case now.Sub(p.at) < Least:
		return fault.New(fault.Limited, "form.too_fast", "seconds", 1+int((Least-now.Sub(p.at))/time.Second))
	case len(answer) > maxAnswer || !Works(p.text, answer):
		return fault.New(fault.Invalid, "form.no_work").At("/answer")
	}
	return nil
}

// Works reports whether an answer to the token of a proof shows that work was done: the SHA-256 of "token answer" begins with Bits zeros.
func Works(token, answer string) bool {
	hash := sha256.Sum256([]byte(token + " " + answer))
	return bits.LeadingZeros32(binary.BigEndian.Uint32(hash[:4])) >= Bits
}

// usedTable has the proofs that were used, until they are too old.
const usedTable = "_form_used"

var (
	colProof = query.Column{Name: "proof", Storage: fieldtype.Text}
	colUntil = query.Column{Name: "until", Storage: fieldtype.Int} // Unix milliseconds
)

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{{Name: usedTable, Columns: []query.Column{colProof, colUntil}, Indexes: []store.Index{store.IndexOn("_form_used_until", colUntil)}}}
}
