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

// Columns of the secrets, each of which has the id that is named by its connection.
var (
	colHost   = query.Column{Name: "host", Storage: fieldtype.Text} // that it was given for
	colSealed = query.Column{Name: "sealed", Storage: fieldtype.Text}
	colAt     = query.Column{Name: "at", Storage: fieldtype.Int} // when it was given
)

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{{Name: secretTable, Columns: []query.Column{colHost, colSealed, colAt}}}
}

// Secrets keeps the secrets of connections. Safe for concurrent use.
type Secrets struct {
	sealer fieldtype.Sealer
	now    func() time.Time
}

// NewSecrets makes Secrets; without a sealer none are taken.
func NewSecrets(sealer fieldtype.Sealer, now func() time.Time) *Secrets {
	return &Secrets{sealer, now}
}

// secretOf is the id of a connection's secret.
func secretOf(connection string) id.ID { return id.Named("connection " + connection) }

// Set keeps the secret of a connection, which replaces the one before. Faults: field.no_secret_key (Invalid) where
// the program has no key; connection.bad_secret (Invalid).
func (s *Secrets) Set(ctx context.Context, t store.Tenant, c *Connection, secret string) error {
	if s.sealer == nil {
		return fault.New(fault.Invalid, "field.no_secret_key")
	}
	if secret == "" || len(secret) > maxSecret || !utf8.ValidString(secret) || strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fault.New(fault.Invalid, "connection.bad_secret", "limit", maxSecret).At("/secret")
	}
	sealed, err := s.sealer.Seal(secret)
	if err != nil {
		return fmt.Errorf("sealing the secret of the connection %s: %w", c.Doc.Name, err)
	}
	key := secretOf(c.Doc.Name)
	return t.Write(ctx, func(tx store.Tx) error {
		values := map[string]any{colHost.Name: c.Host(), colSealed.Name: sealed, colAt.Name: s.now().UnixMilli()}
		_, there, err := store.First(ctx, tx, query.Select{Table: secretTable, Filter: query.Is(query.ID, int64(key))}, query.ID)
		switch {
		case err != nil:
		case there:
			err = tx.Update(ctx, secretTable, key, 0, values, nil)
		default:
			err = tx.Insert(ctx, secretTable, key, values, nil)
		}
		if err != nil {
			return fmt.Errorf("keeping the secret of the connection %s: %w", c.Doc.Name, err)
		}
		return nil
	})
}

// Remove forgets the secret of a connection, which need not be there any more.
func (s *Secrets) Remove(ctx context.Context, t store.Tenant, connection string) error {
	return t.Write(ctx, func(tx store.Tx) error { return tx.Delete(ctx, secretTable, secretOf(connection)) })
}

// Given tells of a secret.
type Given struct {
	At   time.Time // the zero time: there is none
	Host string    // that it was given for
}

// Known tells of the secrets there are, by the names of some connections.
func (s *Secrets) Known(ctx context.Context, from store.Reader, connections map[string]*Connection) (map[string]Given, error) {
	names := make(map[id.ID]string, len(connections))
	for name := range connections {
		names[secretOf(name)] = name
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

// Get is the secret of a connection; "" if its requests carry none. Faults: connection.no_secret (Conflict) where there is none,
// or one that was given for another host; connection.secret_lost (Conflict) where it can't be opened with the keys there are.
func (s *Secrets) Get(ctx context.Context, from store.Reader, c *Connection) (string, error) {
	if !c.Secret() {
		return "", nil
	}
	row, found, err := store.First(ctx, from, query.Select{Table: secretTable, Filter: query.Is(query.ID, int64(secretOf(c.Doc.Name)))}, colHost, colSealed)
	if err != nil {
		return "", fmt.Errorf("reading the secret of the connection %s: %w", c.Doc.Name, err)
	}
	if !found || row.Text(colHost) != c.Host() {
		return "", fault.New(fault.Conflict, "connection.no_secret", "connection", c.Doc.Name)
	}
	if s.sealer == nil {
		return "", fault.New(fault.Conflict, "connection.secret_lost", "connection", c.Doc.Name)
	}
	secret, err := s.sealer.Open(row.Text(colSealed))
	if err != nil {
		return "", fault.New(fault.Conflict, "connection.secret_lost", "connection", c.Doc.Name)
	}
	return secret, nil
}
