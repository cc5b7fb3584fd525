package live

import (
	"slices"
	"testing"
	"time"

	"formwork/engine/id"
)

func stream() *Stream {
	h := New(Options{Now: time.Now})
	return &Stream{hub: h, checked: time.Now(), ready: make(chan struct{}, 1)}
}

// What waits for a stream has a bound, whatever is told: then one Reset stands for all records, and
// what is told only as it is now stays.
func TestWaitingEventsAreBounded(t *testing.T) {
	s := stream()
	for i := range 1000 {
		s.tell(Event{Kind: Record, Position: int64(i + 1), Record: id.ID(i + 1), Did: Changed})
		if i == 100 || i == 700 {
			s.tell(Event{Kind: Notification, Unread: i})
		}
		if len(s.queue) > maxQueued {
			t.Fatalf("%d events wait", len(s.queue))
		}
	}
	events, err := s.Wait(t.Context(), time.Second)
	if err != nil || events[0] != (Event{Kind: Reset, Position: events[0].Position}) || events[0].Position < 128 {
		t.Fatalf("told is %v, %v", events, err)
	}
	for i, e := range events[2:] {
		if e.Position != events[0].Position+int64(i+1) {
			t.Fatalf("%v follows the position %d", e, events[0].Position+int64(i))
		}
	}
	if !slices.Contains(events, Event{Kind: Notification, Unread: 700}) || slices.Contains(events, Event{Kind: Notification, Unread: 100}) {
		t.Errorf("told is %v", events)
	}
	if last := events[len(events)-1].Position; last != 1000 {
		t.Errorf("the last position is %d", last)
	}
}
