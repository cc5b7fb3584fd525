package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// Bounds of a password: characters at least, bytes at most.
const (
	minPassword = 10
	maxPassword = 512
)

// Cost is the work that argon2id does for a password. It is kept with each hash, so
// that it can rise without anybody's password being lost.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// usual is what the OWASP recommends at least.
var usual = Cost{Memory: 19 * 1024, Passes: 2, Threads: 1}

// most bounds what a stored hash may ask for.
var most = Cost{Memory: 256 * 1024, Passes: 16, Threads: 16}

const (
	saltBytes = 16
	hashBytes = 32
)

// written is a hash in the usual $argon2id$… form.
func (c Cost) written(salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Threads, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// decoy is the hash of no password. To check one against it takes as long as against
// any other of this cost.
func (c Cost) decoy() string { return c.written(make([]byte, saltBytes), make([]byte, hashBytes)) }

// seal hashes a password with a fresh salt.
func (s *Service) seal(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(s.random, salt); err != nil {
		return "", fmt.Errorf("reading random bytes for a salt: %w", err)
	}
	sum, err := derive(ctx, s.known, password, salt, s.cost, hashBytes)
	if err != nil {
		return "", err
	}
	return s.cost.written(salt, sum), nil
}

// matches checks a password against a hash made by seal.
func matches(ctx context.Context, in *lane, hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("a stored password hash is not argon2id")
	}
	var c Cost
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, fmt.Errorf("a stored password hash is of version %q", parts[2])
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Threads); err != nil {
		return false, fmt.Errorf("reading the parameters of a password hash: %w", err)
	}
	if c.Memory > most.Memory || c.Passes > most.Passes || c.Threads > most.Threads || c.Passes < 1 || c.Threads < 1 {
		return false, fmt.Errorf("a stored password hash asks for too much work: %s", parts[3])
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("reading the salt of a password hash: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < 16 || len(want) > 64 {
		return false, fmt.Errorf("a stored password hash is damaged")
	}
	got, err := derive(ctx, in, password, salt, c, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// derive computes the hash when its place in the lane comes.
func derive(ctx context.Context, in *lane, password string, salt []byte, c Cost, length uint32) (sum []byte, err error) {
	err = in.compute(ctx, func() { sum = argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Threads, length) })
	return sum, err
}

// acceptable says what is wrong with a new password, nil if nothing.
func acceptable(password, email string) *fault.Fault {
	short := utf8.RuneCountInString(password) < minPassword
	switch {
	case !utf8.ValidString(password) || len(password) > maxPassword:
		return fault.New(fault.Invalid, "auth.password_long", "limit", maxPassword).At("/password")
	case short:
		return fault.New(fault.Invalid, "auth.password_short", "limit", minPassword).At("/password")
	}
	folded, email := fieldtype.Fold(password), fieldtype.Fold(email)
	local, _, _ := strings.Cut(email, "@")
	if email != "" && (folded == email || folded == local) {
		return fault.New(fault.Invalid, "auth.password_email").At("/password")
	}
	if varied(folded) < 4 {
		return fault.New(fault.Invalid, "auth.password_simple").At("/password")
	}
	if isCommon(folded) {
		return fault.New(fault.Invalid, "auth.password_common").At("/password")
	}
	return nil
}

// varied counts the different characters of a text.
func varied(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}
