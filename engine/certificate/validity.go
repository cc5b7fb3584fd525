package certificate

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/crypto/acme/autocert"
)

// Validity is from when until when a certificate holds. The zero Validity is that of none.
type Validity struct{ From, Until time.Time }

// nearEnd is the time left from which on a certificate is near its end; of one that lives
// for less than twelve weeks it is a sixth of its life.
const nearEnd = 14 * 24 * time.Hour

// NearEnd reports whether a certificate ended or will soon: whoever renews it should have
// done so.
func (v Validity) NearEnd(now time.Time) bool {
	return v.Until.Sub(now) < min(nearEnd, v.Until.Sub(v.From)/6)
}

// FileValidity is that of the certificate in a file of PEM.
func FileValidity(name string) (Validity, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return Validity{}, fmt.Errorf("reading the certificate: %w", err)
	}
	v, err := validityOf(raw)
	if err != nil {
		return Validity{}, fmt.Errorf("reading the certificate %s: %w", name, err)
	}
	return v, nil
}

// Validity is that of the certificate which ends first of those that were got. Of a name
// that nobody has asked for there is none.
func (a ACME) Validity(ctx context.Context) (first Validity, err error) {
	for _, domain := range a.Domains {
		raw, err := autocert.DirCache(a.Cache).Get(ctx, domain)
		if errors.Is(err, autocert.ErrCacheMiss) {
			continue
		}
		if err != nil {
			return Validity{}, fmt.Errorf("reading the certificate of %s: %w", domain, err)
		}
		v, err := validityOf(raw)
		if err != nil {
			return Validity{}, fmt.Errorf("reading the certificate of %s: %w", domain, err)
		}
		if first.Until.IsZero() || v.Until.Before(first.Until) {
			first = v
		}
	}
	return first, nil
}

// validityOf is that of the first certificate in PEM; keys are passed over.
func validityOf(raw []byte) (Validity, error) {
	for {
		block, rest := pem.Decode(raw)
		if block == nil {
			return Validity{}, errors.New("there is no certificate in it")
		}
		if block.Type == "CERTIFICATE" {
			leaf, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return Validity{}, err
			}
			return Validity{leaf.NotBefore, leaf.NotAfter}, nil
		}
		raw = rest
	}
}
