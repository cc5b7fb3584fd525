// Package mail is mail of a tenant: mailboxes as documents of the kind "mailbox", messages that are written and sent over SMTP, and those that are
// received, read within bounds. What was sent and received are records of the object email of the package core.
package mail

import (
	_ "embed" // the schema
	"encoding/json"
	"fmt"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// KindName is what the documents say as their "kind".
const KindName = "mailbox"

// Definition is a document of a mailbox.
type Definition struct {
	metadata.Head
	Address string   `json:"address"`
	Sender  string   `json:"sender"`
	Send    string   `json:"send"`    // a connection; "": nothing is sent
	Receive string   `json:"receive"` // a connection; "": nothing is fetched
	Folder  string   `json:"folder"`  // that is fetched from; "": usualFolder
	Match   []string `json:"match"`
	Sign    *Signing `json:"sign"` // nil: messages are not signed
}

// Mailbox is a definition compiled. Immutable.
type Mailbox struct {
	Doc     *Definition
	From    Address
	Kept    *Kept
	Matches []*catalog.Field // each with a Key; and the objects that they are of
	Of      []*catalog.Object
	Source  *Source // that mail is fetched from; nil: none is
	// Signature is what messages are signed by; nil: by nothing.
	Signature *Signature
	// Suppressions are the addresses to which nothing is sent; nil: the configuration knows of none.
	Suppressions *Suppressions
}

// Of are the mailboxes of a configuration, by name.
func Of(s *catalog.Snapshot) map[string]*Mailbox {
	return catalog.Of[map[string]*Mailbox](s, KindName)
}

//go:embed mailbox.json
var schemaFile []byte

// Kind is the kind of documents.
func Kind() catalog.Kind { return kind{} }

type kind struct{ catalog.Documents[Definition] }

func (kind) Name() string            { return KindName }
func (kind) Schema() json.RawMessage { return schemaFile }
func (kind) Needs() []string         { return []string{"object", connection.KindName} }

// Trusted implements catalog.Trusted: mail is received for everybody, and looks for addresses in all records.
func (kind) Trusted() {}

// AlsoCalled are the names that other systems have for the kind.
func (kind) AlsoCalled() []string {
	return []string{"email_account", "mail_account", "organization_wide_address"}
}

func (kind) Compile(c *catalog.Compiling) any {
	return catalog.EachOf(c, Of, func(d *Definition, at string) *Mailbox { return compile(c, d, at) })
}

func compile(c *catalog.Compiling, d *Definition, at string) *Mailbox {
	address, problem := fieldtype.Email(d.Address)
	if problem != nil {
		c.Report(problem, at+"/address")
	}
	m := &Mailbox{Doc: d, From: Address{Name: d.Sender, Address: address}, Kept: keptOf(c, at), Suppressions: suppressionsOf(c, at), Signature: signatureOf(c, d, address, at)}
	if d.Send != "" {
		connection.Demand(c, d.Send, connection.SMTP, at+"/send")
	}
	if d.Receive != "" {
		connection.Demand(c, d.Receive, connection.IMAP, at+"/receive")
		m.Source = sourceOf(d, connection.Of(c.Snapshot())[d.Receive])
	}
	for i, path := range d.Match {
		at := fmt.Sprint(at, "/match/", i)
		object, name, _ := strings.Cut(path, ".")
		o := c.Object(object, at)
		if o == nil {
			continue
		}
		f := c.Field(o, name, at)
		switch {
		case f == nil:
		case f.Doc.Type != "email" || f.Key.Name == "": // as it is compared, in an index
			c.Report(fault.New(fault.Invalid, "mail.no_address_field", "field", path), at)
		default:
			m.Matches, m.Of = append(m.Matches, f), append(m.Of, o)
		}
	}
	if m.Kept == nil {
		return nil
	}
	return m
}
