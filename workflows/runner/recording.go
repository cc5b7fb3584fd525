package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/record/session"
	"formwork/workflows"
)

// maxRecording is how many bytes a recording has at most.
const maxRecording = 64 << 10

// recording is what a run found beyond itself, and what was done to it, in order: chapters as they are kept. One that is partial misses
// some, and is of no use.
type recording struct {
	chapters []byte // in JSON, with commas between them
	partial  bool
}

// chapter is one of these.
type chapter struct {
	When  *workflows.Stint `json:"when,omitempty"` // the condition was decided
	Ran   *workflows.Stint `json:"ran,omitempty"`
	Came  string           `json:"came,omitempty"`  // of Ran: the state of the run after that
	Again bool             `json:"again,omitempty"` // it was retried
	Undo  bool             `json:"undo,omitempty"`  // it was cancelled, and undoes what it did
	Woken id.ID            `json:"woken,omitzero"`  // what it asked was answered
	// Beside: what its trace has there was done for it while it waited.
	Beside bool `json:"beside,omitempty"`
}

// follow keeps what is done to a run between what it does, where that is kept.
func (r *recording) follow(c chapter) error {
	if len(r.chapters) == 0 {
		return nil
	}
	return r.add(c)
}

// add keeps a chapter.
func (r *recording) add(c chapter) error {
	if r.partial {
		return nil
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing what a run found: %w", err)
	}
	if len(r.chapters)+len(raw) >= maxRecording {
		*r = recording{partial: true}
		return nil
	}
	if len(r.chapters) > 0 {
		r.chapters = append(r.chapters[:len(r.chapters):len(r.chapters)], ',')
	}
	r.chapters = append(r.chapters, raw...)
	return nil
}

// ran keeps what a tape took down; steps were done before that.
func (r *recording) ran(t *workflows.Tape, steps int, came string) error {
	if t == nil {
		return nil
	}
	if steps > 0 && len(r.chapters) == 0 { // it began before there were recordings
		r.partial = true
	}
	t.Ends()
	return r.add(chapter{Ran: &t.Stint, Came: came})
}

// kept is how it is kept; nil: there is none.
func (r *recording) kept() json.RawMessage {
	if len(r.chapters) == 0 {
		return nil
	}
	return append(append([]byte{'['}, r.chapters...), ']')
}

// recordingOf is one that was kept.
func recordingOf(kept json.RawMessage, partial bool) recording {
	return recording{bytes.TrimSuffix(bytes.TrimPrefix(kept, []byte{'['}), []byte{']'}), partial}
}

// read are the chapters.
func (r *recording) read() (all []chapter, err error) {
	if len(r.chapters) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(r.kept()))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("reading what a run found: %w", err)
	}
	return all, nil
}

// stint is one of the run that begins under a configuration.
func (r *Run) stint(env *session.Env, revision int64) workflows.Stint {
	s := workflows.Stint{At: env.Now().UnixNano(), Language: env.Session.Caller.Language}
	if at := env.Location(); at != time.UTC {
		s.Zone = at.String()
	}
	if revision != r.Revision {
		s.Revision = revision
	}
	return s
}
