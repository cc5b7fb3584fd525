package live_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/id"
	"formwork/engine/live"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
)

// counted counts what a hub asks of the rooms below it.
type counted struct {
	*enginetest.Platform
	looks, changes, sights int
}

func (c *counted) Snapshot(ctx context.Context, t store.Tenant) (*catalog.Snapshot, error) {
	c.looks++
	return c.Catalog.Snapshot(ctx, t)
}

func (c *counted) Sights(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, object string, records []id.ID, policies []query.Filter) (map[id.ID]record.Sight, error) {
	c.sights++
	return c.Records.Sights(ctx, t, snapshot, object, records, policies)
}

func (c *counted) Changes(ctx context.Context, t store.Tenant, users []id.ID) (map[id.ID]int64, error) {
	c.changes++
	return c.Collaboration.Changes(ctx, t, users)
}

func (c *counted) Unread(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, caller *policy.Caller) (int, error) {
	return c.Collaboration.Unread(ctx, t, snapshot, caller)
}

// However many listen, a look at a tenant asks as much as for one: once for the configuration, once
// for the inboxes of up to 500 users, and once for the object of a record that was changed. And a
// stream takes less than 4 KiB besides its connection (BenchmarkIdleStreams has both).
func TestStreamsShareWhatIsAsked(t *testing.T) {
	p := enginetest.New(t, enginetest.Options{})
	main := p.NewTenant("main")
	reader := main.CallerWith("reader@example.com", "sales_user")
	asked := &counted{Platform: p}
	hub := live.New(live.Options{Snapshots: asked, Records: asked, Inboxes: asked, Now: p.Now, Poll: time.Hour})
	t.Cleanup(hub.Stop)
	listen := func(user id.ID) *live.Stream {
		caller := *reader
		caller.User = user
		stream, err := hub.Listen(t.Context(), live.Listener{Tenant: main.Tenant, Caller: &caller, Still: func(context.Context) bool { return true }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Wait(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		return stream
	}
	mine := listen(reader.User)
	// told has the reader told of a new record, and counts what was asked for that.
	told := func() counted {
		made := main.Create("account", map[string]any{"name": "Acme", "owner": reader.User.String()})
		*asked = counted{Platform: p}
		hub.Wake("main")
		events, err := mine.Wait(t.Context(), time.Minute)
		if err != nil || len(events) != 1 || events[0].Record != made {
			t.Fatalf("told is %v, %v", events, err)
		}
		return counted{looks: asked.looks, changes: asked.changes, sights: asked.sights}
	}
	const each, users = 8, 60
	one := told()
	if one != (counted{looks: 1, changes: 1, sights: 1}) {
		t.Errorf("for one stream is asked %+v", one)
	}
	before, streams := held(), make([]*live.Stream, 0, each*users)
	for i := range users {
		for range each {
			streams = append(streams, listen(reader.User+1+id.ID(i)))
		}
	}
	if takes := (held() - before) / int64(len(streams)); takes > 4<<10 {
		t.Errorf("a stream takes %d bytes", takes)
	}
	if many := told(); many != one {
		t.Errorf("for %d streams is asked %+v, for one %+v", len(streams)+1, many, one)
	}
	if others, err := streams[0].Wait(t.Context(), time.Millisecond); err != nil || len(others) > 0 {
		t.Errorf("somebody else is told %v, %v", others, err)
	}
}

// held is what lives on the heap.
func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
