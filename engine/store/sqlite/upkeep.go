package sqlite

import "sync/atomic"

// upkeep is what a writer owes the file besides the writes. It is done between two groups,
// a little each time: everybody of the one has been told, and those who wait for the other
// wait a few milliseconds longer. Within a commit it would hold up the whole group, for as long
// as it takes.
//
// The index of words is merged, a page for each mergeBytes of words that changed. That keeps up:
// in a group of 16, a row of twelve words (100 bytes) writes a fifth of a page, which is merged once for each
// level of the index, four or five, and once more when what was removed is left out. A bulk
// writes less a row. The write-ahead log is copied into the file by a connection
// beside the writer. Only what is written meanwhile is left to the writer, since the log
// begins anew when all of it is copied.
type upkeep struct {
	synced  string       // the pragma by which the writer's commits wait for the disk
	copyLog func() error // copies the log, beside the writer
	bulk    bool         // the last group was one
	log     atomic.Int32 // one of the states below
}

// Who copies the log.
const (
	logRests   int32 = iota // nobody
	logCopying              // a connection beside the writer
	logCopied               // nobody any more; what came meanwhile is left
)

const (
	// logPages of the write-ahead log are enough to copy it. What several bulks write to the same
	// pages of indexes is copied once, by the first small write that follows, or when the log has
	// longLogPages.
	logPages     = 4_000
	longLogPages = 16_000

	// mergeBytes of words that changed stand for a page of their index that is merged.
	// wordsRemoved is what a row counts besides its words, in bytes.
	mergeBytes   = 64
	wordsRemoved = 16
	// mergeFrom bytes are enough to merge. fewMerged is how many pages at least may be merged at once where
	// merging has fallen behind, mostMerged how many at most: a page takes a quarter of a
	// millisecond.
	mergeFrom  = 24 * mergeBytes
	fewMerged  = 48
	mostMerged = 256

	// unsynced is the pragma by which commits do not wait for the disk. They are durable with
	// the next one that does, and never without those before them.
	unsynced = "PRAGMA synchronous = NORMAL"
)

// upkeepDue reports whether there is something to do. Under the lead, as all below.
func (w *writer) upkeepDue() bool { return w.c != nil && (w.logIsDue() || len(w.wordsDue()) > 0) }

// keepUp does what is due. Where it fails, writes will say why, and it is tried again.
func (w *writer) keepUp() {
	if tables := w.wordsDue(); len(tables) > 0 {
		_ = w.mergeWords(tables)
	}
	if w.c != nil && w.logIsDue() {
		w.keepLogShort()
	}
}

// wordsDue are the tables whose index of words is to be merged.
func (w *writer) wordsDue() (tables []*tableInfo) {
	for _, t := range w.tables {
		if t.unmerged >= mergeFrom {
			tables = append(tables, t)
		}
	}
	return tables
}

// mergeWords merges the words of tables a little. It changes nothing that can be read, so it need not be on
// the disk.
func (w *writer) mergeWords(tables []*tableInfo) (err error) {
	if err := w.c.once(unsynced); err != nil {
		return err
	}
	defer func() {
		if w.c.once(w.upkeep.synced) != nil { // the next connection has it again
			w.c.close()
			w.c = nil
		}
	}()
	return change(w.c, func() error {
		for _, t := range tables {
			if err := t.mergeWords(w.c); err != nil {
				return err
			}
		}
		return nil
	})
}

// mergeWords merges what is due of a table's words, and leaves what is too much at once for the
// next time.
func (t *tableInfo) mergeWords(c *conn) error {
	if !t.wordsSet {
		if err := setWords(c, t.name); err != nil {
			return err
		}
		t.wordsSet = true
	}
	due := t.unmerged / mergeBytes
	t.unmerged, t.mergesOwed = 0, t.mergesOwed+due
	pages, changes := min(t.mergesOwed, max(due, fewMerged), mostMerged), c.totalChanges()
	if err := mergeWords(c, t.name, int64(pages)); err != nil {
		return err
	}
	if t.mergesOwed -= pages; c.totalChanges()-changes < 2 { // by which FTS5 tells that there was nothing to merge
		t.mergesOwed = 0
	}
	return nil
}

func (w *writer) logIsDue() bool {
	switch w.upkeep.log.Load() {
	case logCopied:
		return true
	case logRests:
		return w.c.logged >= longLogPages || w.c.logged >= logPages && !w.upkeep.bulk
	}
	return false
}

// keepLogShort has the log copied, or copies what is left of it.
func (w *writer) keepLogShort() {
	if w.upkeep.log.CompareAndSwap(logCopied, logRests) {
		w.c.checkpoint()
		w.c.logged = 0 // until the next commit counts it
		return
	}
	w.upkeep.log.Store(logCopying)
	go func() {
		_ = w.upkeep.copyLog() // where it fails, all is left
		w.upkeep.log.Store(logCopied)
	}()
}
