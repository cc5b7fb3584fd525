package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how far the time of a signature may be from now.
const Tolerance = 5 * time.Minute

const (
	secretPrefix    = "whsec_"
	signaturePrefix = "v1,"
	// A secret has so many bytes.
	leastKey, mostKey = 24, 64
)

// signature is a signature of the id, the time and the body (HMAC-SHA256), as the Standard Webhooks specification has it.
type signature struct{}

func (signature) Name() string { return "signature" }

func (signature) Make(random []byte) string { return secretPrefix + encoded.EncodeToString(random) }

func (signature) Fits(secret string) bool {
	key, ok := keyOf(secret)
	return ok && len(key) >= leastKey && len(key) <= mostKey
}

func (signature) Holds(secret string, d *Delivery, now time.Time) bool {
	key, ok := keyOf(secret)
	want := sum(key, d)
	held := 0
	for one := range strings.FieldsSeq(d.Signature) {
		given, versioned := strings.CutPrefix(one, signaturePrefix)
		got, err := encoded.DecodeString(given)
		if versioned && err == nil {
			held |= subtle.ConstantTimeCompare(got, want)
		}
	}
	return held == 1 && ok && GoodID(d.ID) && fresh(d.Timestamp, now)
}

// Sign is the header that signs a delivery with a secret.
func Sign(secret string, d *Delivery) string {
	key, _ := keyOf(secret)
	return signaturePrefix + encoded.EncodeToString(sum(key, d))
}

func sum(key []byte, d *Delivery) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, d.ID+"."+d.Timestamp+".") //nolint:errcheck // a hash takes everything
	h.Write(d.Body)                             //nolint:errcheck // so here
	return h.Sum(nil)
}

// keyOf are the bytes of a secret.
func keyOf(secret string) (key []byte, ok bool) {
	text, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, false
	}
	key, err := encoded.DecodeString(text)
	return key, err == nil
}

// fresh reports whether a time in seconds is near enough to now.
func fresh(timestamp string, now time.Time) bool {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != timestamp || seconds < 0 || seconds > 1<<40 {
		return false
	}
	return now.Sub(time.Unix(seconds, 0)).Abs() <= Tolerance
}
