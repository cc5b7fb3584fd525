package mail

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"formwork/engine/catalog"
	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/store"
)

// Signing says how messages of a mailbox are signed for its domain (DKIM, RFC 6376).
type Signing struct {
	Selector string `json:"selector"`
}

// keyBits is what every receiver verifies, and what fits into a record of a DNS.
const keyBits = 2048

// signed are the headers that a signature is of; one that is not there can't be added on the way either, nor another From.
var signed = []string{"From", "From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}

// Signature is what messages of a domain are signed by: mailboxes of a domain with one selector have one key.
type Signature struct{ Domain, Selector string }

// Holder implements connection.Holder.
func (s Signature) Holder() string { return "signature " + s.At() }

// For implements connection.Holder.
func (s Signature) For() string { return s.Domain }

// At is the name of the DNS record that has the public key.
func (s Signature) At() string { return s.Selector + "._domainkey." + s.Domain }

// signatureOf is that of a mailbox, nil of one that does not sign; or it is reported why there is none.
func signatureOf(c *catalog.Compiling, d *Definition, address, at string) *Signature {
	if d.Sign == nil || address == "" {
		return nil
	}
	domain, err := idna.Lookup.ToASCII(address[strings.LastIndexByte(address, '@')+1:])
	if err != nil {
		c.Report(fault.New(fault.Invalid, "mail.no_domain", "address", address), at+"/address")
		return nil
	}
	return &Signature{domain, d.Sign.Selector}
}

// Make makes the key, if there is none yet: it is sealed, and leaves the program no more. Faults: those of connection.Secrets.
func (s Signature) Make(ctx context.Context, t store.Tenant, secrets *connection.Secrets) error {
	if _, err := s.key(ctx, t, secrets); err == nil {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, keyBits) // before the transaction, for it takes its time
	if err != nil {
		return fmt.Errorf("making a key to sign by: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("writing a key to sign by: %w", err)
	}
	_, err = secrets.Make(ctx, t, s, func() string { return base64.StdEncoding.EncodeToString(raw) })
	return err
}

// Record is what the DNS is to say at the name of the signature. Faults: those of connection.Secrets.Get.
func (s Signature) Record(ctx context.Context, from store.Reader, secrets *connection.Secrets) (string, error) {
	key, err := s.key(ctx, from, secrets)
	if err != nil {
		return "", err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", fmt.Errorf("writing a public key: %w", err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public), nil
}

func (s Signature) key(ctx context.Context, from store.Reader, secrets *connection.Secrets) (*rsa.PrivateKey, error) {
	secret, err := secrets.Get(ctx, from, s)
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return nil, fmt.Errorf("reading a key to sign by: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("reading a key to sign by: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading a key to sign by: it is a %T", parsed)
	}
	return key, nil
}

// SignedBy is the message with what signs it as it is sent; itself where its sender is none of the mailbox any more, or that does not sign, or
// has no key. Fault connection.secret_lost (Conflict) where that can't be read any more.
func (b *Mailbox) SignedBy(ctx context.Context, from store.Reader, secrets *connection.Secrets, m *Message) (*Message, error) {
	if b == nil || b.Signature == nil || m.From.Address != b.From.Address {
		return m, nil
	}
	key, err := b.Signature.key(ctx, from, secrets)
	if fault.Is(err, "connection.no_secret") {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	with := *m
	with.signs = &signs{*b.Signature, key}
	return &with, nil
}

// signs signs messages.
type signs struct {
	by  Signature
	key crypto.Signer
}

// sign puts the signature before a message that is composed: what is written of it later is what was signed.
func (s *signs) sign(msg *gomail.Msg) error {
	signer, err := dkim.NewSigner(&dkim.SignOptions{Domain: s.by.Domain, Selector: s.by.Selector, Signer: s.key, HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: signed})
	if err != nil {
		return fmt.Errorf("preparing to sign a message: %w", err)
	}
	var raw bytes.Buffer
	_, err = msg.WriteTo(&raw)
	if err == nil {
		_, err = raw.WriteTo(signer)
	}
	if err := errors.Join(err, signer.Close()); err != nil {
		return fmt.Errorf("signing a message: %w", err)
	}
	_, value, _ := strings.Cut(strings.TrimSpace(signer.Signature()), ": ")
	msg.SetGenHeaderPreformatted("DKIM-Signature", value)
	return nil
}
