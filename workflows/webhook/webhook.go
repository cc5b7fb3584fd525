// Package webhook is what outside systems post to set off workflows: how they prove who they are, and which of
// their deliveries were taken.
//
// Who posts has no account. A secret that both sides know proves them, in the way that the workflow names (Proof). What
// was taken is remembered by its id for longer than a signature holds, so that a delivery that comes again, whoever sends it,
// sets off nothing and has the same answer.
package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// MaxBody is how many bytes a delivery may have.
const MaxBody = 256 << 10

// Names of headers, as the Standard Webhooks specification has them.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Delivery is what was posted. Nothing of it is believed before it is proved.
type Delivery struct {
	ID            string // "": it has none
	Timestamp     string
	Signature     string
	Authorization string
	Body          []byte
}

// Proof is a way in which who posts proves that they know the secret. Stateless.
type Proof interface {
	// Name is what triggers say as their "proof".
	Name() string
	// Make makes a secret of random bytes.
	Make(random []byte) string
	// Fits reports whether a secret that somebody gives is one, and too long to be guessed.
	Fits(secret string) bool
	// Holds reports whether a delivery proves at a time that its sender knows a secret. It takes as long whether it does or not.
	Holds(secret string, d *Delivery, now time.Time) bool
}

// Proofs are all ways, the usual one first.
var Proofs = []Proof{signature{}, token{}}

// ProofOf finds a way by its name, the usual one for "". The schema of the trigger knows no others.
func ProofOf(name string) Proof {
	if i := slices.IndexFunc(Proofs, func(p Proof) bool { return p.Name() == name }); i >= 0 {
		return Proofs[i]
	}
	return Proofs[0]
}

// randomBytes is how many of them a secret is made of.
const randomBytes = 32

// NewSecret makes a secret for a way.
func NewSecret(p Proof) string {
	b := make([]byte, randomBytes)
	rand.Read(b) //nolint:errcheck // never fails
	return p.Make(b)
}

// Prover decides whether deliveries are what they say. Safe for concurrent use.
type Prover struct {
	decoys map[string]string // by the way, for what has no secret: nobody knows them
}

// NewProver makes a prover.
func NewProver() *Prover {
	p := &Prover{decoys: map[string]string{}}
	for _, one := range Proofs {
		p.decoys[one.Name()] = NewSecret(one)
	}
	return p
}

// Proved reports whether a delivery proves that its sender knows the secret, which is "" where there is none. It does the same work whatever
// the secret and the way are.
func (p *Prover) Proved(by Proof, secret string, d *Delivery, now time.Time) bool {
	proved := false
	for _, one := range Proofs {
		known := p.decoys[one.Name()]
		if one == by && secret != "" {
			known = secret
		}
		if holds := one.Holds(known, d, now); one == by && secret != "" {
			proved = holds
		}
	}
	return proved
}

// maxID is how many bytes an id of a delivery has at most.
const maxID = 256

// GoodID reports whether a text can be the id of a delivery. A dot would let a signature mean another id with another time.
func GoodID(text string) bool {
	return text != "" && len(text) <= maxID && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '.' })
}

// encoded are bytes as secrets and signatures have them.
var encoded = base64.StdEncoding.Strict()
