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

// cost are the parameters of argon2id. They are kept with each hash, so that
// they can rise without anybody's password being lost.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

var usual = cost{memory: 19 * 1024, passes: 2, threads: 1}

// most bounds what a stored hash may ask for.
var most = cost{memory: 256 * 1024, passes: 16, threads: 16}

const (
	saltBytes = 16
	hashBytes = 32
)

// decoyHash is the hash of no password, of the usual cost.
const decoyHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// seal hashes a password with a fresh salt, in the usual $argon2id$… form.
func (s *Service) seal(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(s.random, salt); err != nil {
		return "", fmt.Errorf("reading random bytes for a salt: %w", err)
	}
	sum, err := s.derive(ctx, password, salt, usual, hashBytes)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, usual.memory, usual.passes, usual.threads,
		b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

// matches checks a password against a hash made by seal.
func (s *Service) matches(ctx context.Context, hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("a stored password hash is not argon2id")
	}
	var c cost
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, fmt.Errorf("a stored password hash is of version %q", parts[2])
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); err != nil {
		return false, fmt.Errorf("reading the parameters of a password hash: %w", err)
	}
	if c.memory > most.memory || c.passes > most.passes || c.threads > most.threads || c.passes < 1 || c.threads < 1 {
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
	got, err := s.derive(ctx, password, salt, c, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// derive computes the hash when its turn comes: the memory of all that are under
// way is bounded, and so is the queue. Fault "auth.busy" (Unavailable).
func (s *Service) derive(ctx context.Context, password string, salt []byte, c cost, length uint32) ([]byte, error) {
	if !s.waiting.TryAcquire(1) {
		return nil, fault.New(fault.Unavailable, "auth.busy")
	}
	defer s.waiting.Release(1)
	if err := s.work.Acquire(ctx, 1); err != nil {
		return nil, fault.New(fault.Unavailable, "auth.busy").Because(err)
	}
	defer s.work.Release(1)
	return argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, length), nil
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
	if common[folded] {
		return fault.New(fault.Invalid, "auth.password_common").At("/password")
	}
	return nil
}

// common are what guessers try first, of those that are long enough.
var common = func() map[string]bool {
	all := map[string]bool{}
	for _, password := range strings.Fields(`1234567890 12345678910 0123456789 0987654321 9876543210 1234512345 1q2w3e4r5t 1qaz2wsx3edc
		123456789a a123456789 qwertyuiop qwerty1234 qwerty12345 qwerty123456 qwertyuiop123 asdfghjkl123 abcdefghij abcd123456 abc1234567
		password12 password123 password1234 password12345 passw0rd12 passw0rd123 p@ssw0rd123 welcome123 welcome1234 letmein1234
		administrator admin12345 admin123456 changeme12 changeme123 iloveyou12 iloveyou123 sunshine123 football123 princess123
		woaini1314520 woaini520520 1314521521 5201314520 formwork12 formwork123`) {
		all[password] = true
	}
	return all
}()

// varied counts the different characters of a text.
func varied(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}
