package mongo

import (
	"context"
	"encoding/base64"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/event"
	driver "go.mongodb.org/mongo-driver/mongo"

	"formwork/engine/store"
)

// A snapshot is taken of what the server that answers has. A primary that does not know yet
// that it is none any more, and a mongos that has not heard of the newest time, have less
// than was acknowledged elsewhere. So before the first read or write that has to see a
// time, the server is asked something small after that time (afterClusterTime), which it
// answers when it has it. That is known of the server until the driver learns that servers
// have changed: it goes back to no former primary, and tells every mongos the newest time it
// has heard of, no earlier than which that reads.

// seen is a moment as tokens hold it.
type seen struct {
	At      primitive.Timestamp `bson:"t"`
	Cluster bson.Raw            `bson:"c"` // as the server signed it
}

// aheadMost is how far the time of a token may be ahead of the clock. Without it, one that
// was made up could move the time of a cluster that signs nothing.
const aheadMost = time.Minute

// after is what a context has to see; ok is false if that is nothing, or can't be known.
func (s *Store) after(ctx context.Context) (after seen, ok bool) {
	token := store.MomentOf(ctx).Token()
	if token == "" || !s.transactions {
		return seen{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || bson.Unmarshal(raw, &after) != nil {
		return seen{}, false
	}
	cluster, _, whole := after.Cluster.Lookup("$clusterTime", "clusterTime").TimestampOK()
	latest := s.now().Add(aheadMost).Unix()
	if !whole || int64(cluster) > latest || int64(after.At.T) > latest || after.At.T == 0 {
		return seen{}, false
	}
	return after, true
}

// acknowledged moves the moment of a context on to what a session wrote.
func (s *Store) acknowledged(ctx context.Context, session driver.Session) {
	at, cluster := session.OperationTime(), session.ClusterTime()
	if at == nil || cluster == nil {
		return
	}
	s.times.wrote(*at)
	if raw, err := bson.Marshal(seen{*at, cluster}); err == nil {
		store.MomentOf(ctx).Advance(base64.RawURLEncoding.EncodeToString(raw))
	}
}

// reach makes sure that the server has what the context has to see, and what this process
// wrote.
func (s *Store) reach(ctx context.Context) error {
	after, ok := s.after(ctx)
	at, beyond := s.times.lacking(after.At)
	if !beyond {
		return nil
	}
	session, err := s.client.StartSession()
	if err != nil {
		return failed("starting a session", err)
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	if ok {
		_ = session.AdvanceClusterTime(after.Cluster)
	}
	if err := session.AdvanceOperationTime(&at); err != nil {
		return failed("waiting for what was written", err)
	}
	change := s.times.changes()
	err = s.tenants.FindOne(driver.NewSessionContext(ctx, session), bson.D{}).Err()
	switch {
	case err == nil, err == driver.ErrNoDocuments:
		s.times.reached(at, change)
		return nil
	case ok && hasCode(err, codeInvalidOptions, codeTimeProof, codeKeyNotFound, codeRateLimiter):
		return nil // the token is of another cluster, or of nobody
	}
	return failed("waiting for what was written", err)
}

// times are what the server is known to have, and has to have.
type times struct {
	mu      sync.Mutex
	has     primitive.Timestamp
	written primitive.Timestamp // by this process
	changed int                 // how often servers changed
}

// lacking is the later of a time and what was written, if it is not known that the server
// has it.
func (t *times) lacking(at primitive.Timestamp) (primitive.Timestamp, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.written.After(at) {
		at = t.written
	}
	return at, at.After(t.has)
}

// wrote notes a write that was acknowledged, by the server that is asked.
func (t *times) wrote(at primitive.Timestamp) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.After(t.written) {
		t.written = at
	}
	if at.After(t.has) {
		t.has = at
	}
}

func (t *times) changes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

// reached notes that the server has a time, unless servers changed meanwhile.
func (t *times) reached(at primitive.Timestamp, change int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if change == t.changed && at.After(t.has) {
		t.has = at
	}
}

// watch is told that servers changed: nothing is known of them.
func (t *times) watch() *event.ServerMonitor {
	return &event.ServerMonitor{TopologyDescriptionChanged: func(*event.TopologyDescriptionChangedEvent) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.has = primitive.Timestamp{}
		t.changed++
	}}
}
