package connection

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// maxSecret is how many bytes a secret has at most.
const maxSecret = 4096

const secretTable = "_connection_secret"

// Columns of the secrets, each of which has the id that is named by what holds it.
var (
	colHost   = query.Column{Name: "host", Storage: fieldtype.Text} // that it was given for: Holder.For
	colSealed = query.Column{Name: "sealed", Storage: fieldtype.Text}
	colAt     = query.Column{Name: "at", Storage: fieldtype.Int} // when it was given
)

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{{Name: secretTable, Columns: []query.Column{colHost, colSealed, colAt}}}
}

// Holder is what has a secret, such as a connection.
type Holder interface {
	// Holder names it among all that have one, as "connection erp".
	Holder() string
	// For is what the secret is used for, such as a host: where that becomes another, the secret does not go along.
	For() string
}

// Secrets keeps the secrets of connections, and of whatever else has one. Safe for concurrent use.
type Secrets struct {
	sealer fieldtype.Sealer
	now    func() time.Time
}

// NewSecrets makes Secrets; without a sealer none are taken.
func NewSecrets(sealer fieldtype.Sealer, now func() time.Time) *Secrets {
	return &Secrets{sealer, now}
}

// Set keeps the secret of a holder, which replaces the one before. Faults: field.no_secret_key (Invalid) where
// the program has no key; connection.bad_secret (Invalid).
func (s *Secrets) Set(ctx context.Context, t store.Tenant, h Holder, secret string) error {
	if s.sealer == nil {
		return fault.New(fault.Invalid, "field.no_secret_key")
	}
	if secret == "" || len(secret) > maxSecret || !utf8.ValidString(secret) || strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fault.New(fault.Invalid, "connection.bad_secret", "limit", maxSecret).At("/secret")
	}
	sealed, err := s.sealer.Seal(secret)
	if err != nil {
		return fmt.Errorf("sealing the secret of the %s: %w", h.Holder(), err)
	}
	return t.Write(ctx, func(tx store.Tx) error { return s.keep(ctx, tx, h, sealed) })
}

// Make is the secret of a holder, which is made and kept if there is none, or it can't be read any more: whoever asks has the same. Faults:
// field.no_secret_key (Invalid); those of Find.
func (s *Secrets) Make(ctx context.Context, t store.Tenant, h Holder, random func() string) (string, error) {
	secret, _, err := s.Find(ctx, t, h.Holder())
	if err == nil {
		return secret, nil
	}
	if !unreadable(err) {
		return "", err
	}
	if s.sealer == nil {
		return "", fault.New(fault.Invalid, "field.no_secret_key")
	}
	err = t.Write(ctx, func(tx store.Tx) error {
		key := id.Named(h.Holder())
		if err := tx.Lock(ctx, secretTable, key); err != nil {
			return fmt.Errorf("locking the secret of the %s: %w", h.Holder(), err)
		}
		if secret, _, err = s.Find(ctx, tx, h.Holder()); !unreadable(err) {
			return err
		}
		secret = random()
		sealed, err := s.sealer.Seal(secret)
		if err != nil {
			return fmt.Errorf("sealing the secret of the %s: %w", h.Holder(), err)
		}
		return s.keep(ctx, tx, h, sealed)
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// unreadable reports whether there is no secret that can be read.
func unreadable(err error) bool {
	return fault.Is(err, "connection.no_secret") || fault.Is(err, "connection.secret_lost")
}

// keep keeps a sealed secret in the place of the one that there is.
func (s *Secrets) keep(ctx context.Context, tx store.Tx, h Holder, sealed string) error {
	key := id.Named(h.Holder())
	values := map[string]any{colHost.Name: h.For(), colSealed.Name: sealed, colAt.Name: s.now().UnixMilli()}
	_, there, err := store.First(ctx, tx, query.Select{Table: secretTable, Filter: query.Is(query.ID, int64(key))}, query.ID)
	switch {
	case err != nil:
	case there:
		err = tx.Update(ctx, secretTable, key, 0, values, nil)
	default:
		err = tx.Insert(ctx, secretTable, key, values, nil)
	}
	if err != nil {
		return fmt.Errorf("keeping the secret of the %s: %w", h.Holder(), err)
	}
	return nil
}

// Remove forgets the secret of a holder, which need not be there any more: it is named as Holder does.
func (s *Secrets) Remove(ctx context.Context, t store.Tenant, holder string) error {
	return t.Write(ctx, func(tx store.Tx) error { return tx.Delete(ctx, secretTable, id.Named(holder)) })
}

// Given tells of a secret.
type Given struct {
	At  time.Time // the zero time: there is none
	For string    // what it was given for
}

// Known tells of the secrets of holders that there are, by what Holder says.
func (s *Secrets) Known(ctx context.Context, from store.Reader, holders ...Holder) (map[string]Given, error) {
	names := make(map[id.ID]string, len(holders))
	for _, h := range holders {
		names[id.Named(h.Holder())] = h.Holder()
	}
	known := map[string]Given{}
	for row, err := range store.Find(ctx, from, query.Select{Table: secretTable}, query.ID, colHost, colAt) {
		if err != nil {
			return nil, fmt.Errorf("reading which secrets there are: %w", err)
		}
		if name, ok := names[row.ID(query.ID)]; ok {
			known[name] = Given{row.Time(colAt), row.Text(colHost)}
		}
	}
	return known, nil
}

// Get is the secret of a holder. Faults: connection.no_secret (Conflict) where there is none, or one that was given
// for something else; connection.secret_lost (Conflict) where it can't be opened with the keys there are.
func (s *Secrets) Get(ctx context.Context, from store.Reader, h Holder) (string, error) {
	secret, is, err := s.Find(ctx, from, h.Holder())
	if err == nil && is != h.For() {
		err = fault.New(fault.Conflict, "connection.no_secret", "holder", h.Holder())
	}
	if err != nil {
		return "", err
	}
	return secret, nil
}

// Find is the secret of a holder, which is named as Holder does, and what it was given for. Faults are those of Get.
func (s *Secrets) Find(ctx context.Context, from store.Reader, holder string) (secret, is string, err error) {
	row, found, err := store.First(ctx, from, query.Select{Table: secretTable, Filter: query.Is(query.ID, int64(id.Named(holder)))}, colHost, colSealed)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("reading the secret of the %s: %w", holder, err)
	case !found:
		return "", "", fault.New(fault.Conflict, "connection.no_secret", "holder", holder)
	case s.sealer == nil:
		return "", "", fault.New(fault.Conflict, "connection.secret_lost", "holder", holder)
	}
	if secret, err = s.sealer.Open(row.Text(colSealed)); err != nil {
		return "", "", fault.New(fault.Conflict, "connection.secret_lost", "holder", holder)
	}
	return secret, row.Text(colHost), nil
}
