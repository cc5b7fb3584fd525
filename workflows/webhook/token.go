package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"
)

// leastToken is how many characters a token has at least, and mostToken at most.
const leastToken, mostToken = 24, 512

// token is a token in a header, for systems that can't sign. Whoever sees a request can send others.
type token struct{}

func (token) Name() string { return "token" }

func (token) Make(random []byte) string { return base64.RawURLEncoding.EncodeToString(random) }

func (token) Fits(secret string) bool {
	return len(secret) >= leastToken && len(secret) <= mostToken && !strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

func (token) Holds(secret string, d *Delivery, _ time.Time) bool {
	scheme, given, _ := strings.Cut(d.Authorization, " ")
	got, want := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret)) // whose lengths tell nothing
	same := subtle.ConstantTimeCompare(got[:], want[:]) == 1
	return same && strings.EqualFold(scheme, "Bearer") && (d.ID == "" || GoodID(d.ID))
}
