package mail

import (
	"cmp"

	"formwork/engine/catalog"
	"formwork/engine/connection"
	"formwork/metadata"
)

// usualFolder is where mail arrives.
const usualFolder = "INBOX"

// Source is where the mail of a mailbox is fetched from, with all that takes: who looks there needs no configuration.
type Source struct {
	Connection string `json:"connection"` // its name, by which its secret is found
	URL        string `json:"url"`
	User       string `json:"user"`
	Seconds    int    `json:"seconds"`
	Folder     string `json:"folder"`
}

// sourceOf is that of a mailbox; nil where the connection is none.
func sourceOf(d *Definition, c *connection.Connection) *Source {
	if c == nil {
		return nil
	}
	return &Source{Connection: d.Receive, URL: c.Doc.URL, User: c.Doc.User, Seconds: c.Doc.Seconds, Folder: cmp.Or(d.Folder, usualFolder)}
}

// Reach is the connection to it.
func (s *Source) Reach() (*connection.Connection, error) {
	return connection.Reach(&connection.Definition{Head: metadata.Head{Name: s.Connection}, URL: s.URL, User: s.User, Seconds: s.Seconds})
}

// Same reports whether another source has the same messages.
func (s *Source) Same(other *Source) bool {
	return s.URL == other.URL && s.User == other.User && s.Folder == other.Folder
}

// JobFetch fetches mail. A change of where mail is fetched from enqueues it; see runner.
const JobFetch = "fetch_mail"

// Jobs implements catalog.Works.
func (kind) Jobs(before, after *catalog.Snapshot) []catalog.Job {
	is := Sources(after)
	was := Sources(before)
	changed := len(is) != len(was)
	for name, source := range is {
		changed = changed || was[name] == nil || *was[name] != *source
	}
	if !changed {
		return nil
	}
	return []catalog.Job{{Kind: JobFetch}}
}

// Sources are those of all mailboxes that have one.
func Sources(s *catalog.Snapshot) map[string]*Source {
	all := map[string]*Source{}
	for name, box := range Of(s) {
		if box.Source != nil {
			all[name] = box.Source
		}
	}
	return all
}
