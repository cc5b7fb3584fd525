// Package secret seals texts that nobody may read back, such as the key of an outside
// service, with keys that come from outside of the data: who has the data alone can't
// read them.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// KeyBytes is the length of a key: AES-256.
const KeyBytes = 32

// version begins every sealed text, so that the way of sealing can change.
const version = "1"

// Keyring seals with its first key and opens with any. Safe for concurrent use.
type Keyring struct {
	keys   []key
	random io.Reader
}

type key struct {
	name string // tells which key a text was sealed with, and nothing of the key
	aead cipher.AEAD
}

// Parse reads keys, each 32 bytes in base64, separated by commas, the newest first.
// random gives the nonces. The error never shows a key.
func Parse(text string, random io.Reader) (*Keyring, error) {
	ring := &Keyring{random: random}
	for i, one := range strings.Split(text, ",") {
		raw, err := decode(strings.TrimSpace(one))
		if err != nil || len(raw) != KeyBytes {
			return nil, fmt.Errorf("reading key %d: it is not %d bytes in base64", i+1, KeyBytes)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("reading key %d: %w", i+1, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("reading key %d: %w", i+1, err)
		}
		sum := sha256.Sum256(append([]byte("name of a sealing key\x00"), raw...))
		ring.keys = append(ring.keys, key{name: hex.EncodeToString(sum[:4]), aead: aead})
	}
	return ring, nil
}

// decode reads base64 of either alphabet, padded or not.
func decode(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	return base64.RawStdEncoding.DecodeString(text)
}

// Seal returns a text from which nobody without the key learns more of plain than its
// length. Sealing the same text twice gives two different ones.
func (r *Keyring) Seal(plain string) (string, error) {
	k := r.keys[0]
	nonce := make([]byte, k.aead.NonceSize())
	if _, err := io.ReadFull(r.random, nonce); err != nil {
		return "", fmt.Errorf("sealing: %w", err)
	}
	sealed := k.aead.Seal(nonce, nonce, []byte(plain), []byte(version+"."+k.name))
	return version + "." + k.name + "." + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Errors of Open.
var (
	// ErrKey: none of the keys is the one that the text was sealed with.
	ErrKey = errors.New("the text was sealed with a key that is not there")
	// ErrBroken: the text was not made by Seal, or it was changed.
	ErrBroken = errors.New("the sealed text is broken")
)

// Open returns what was sealed. Errors: ErrKey, ErrBroken.
func (r *Keyring) Open(sealed string) (string, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != version {
		return "", ErrBroken
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", ErrBroken
	}
	for _, k := range r.keys {
		if k.name != parts[1] {
			continue
		}
		if len(raw) < k.aead.NonceSize() {
			return "", ErrBroken
		}
		plain, err := k.aead.Open(nil, raw[:k.aead.NonceSize()], raw[k.aead.NonceSize():], []byte(version+"."+k.name))
		if err != nil {
			return "", ErrBroken
		}
		return string(plain), nil
	}
	return "", ErrKey
}
