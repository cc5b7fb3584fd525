package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// A token is <kind>.<tenant>.<secret>: what it is, whose it is, and 256 random
// bits. It is known to its holder alone; its digest is what is stored.
const (
	sessionToken = "fws"
	keyToken     = "fwk"
	deviceToken  = "fwd"
	secretBytes  = 32
	maxToken     = 256 // bytes
)

// digest is the SHA-256 of a token.
type digest [sha256.Size]byte

func (d digest) String() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

// newToken makes a token of a kind for a tenant.
func (s *Service) newToken(kind, tenant string) (string, digest, error) {
	secret := make([]byte, secretBytes)
	if _, err := io.ReadFull(s.random, secret); err != nil {
		return "", digest{}, fmt.Errorf("reading random bytes for a token: %w", err)
	}
	token := kind + "." + tenant + "." + base64.RawURLEncoding.EncodeToString(secret)
	return token, sha256.Sum256([]byte(token)), nil
}

// splitToken reads the kind and tenant of a token; ok is false for what is none.
func splitToken(token string) (kind, tenant string, ok bool) {
	if len(token) > maxToken {
		return "", "", false
	}
	kind, rest, ok := strings.Cut(token, ".")
	if !ok || (kind != sessionToken && kind != keyToken && kind != deviceToken) {
		return "", "", false
	}
	dot := strings.LastIndexByte(rest, '.')
	if dot <= 0 || len(rest)-dot-1 != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return "", "", false
	}
	return kind, rest[:dot], true
}

// TenantOf is the tenant that a token names, "" for what is no token.
func TenantOf(token string) string {
	_, tenant, _ := splitToken(token)
	return tenant
}
