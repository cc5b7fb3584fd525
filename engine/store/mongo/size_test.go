package mongo_test

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/store/mongo"
)

// The size is that of the tenants' databases, which the server is asked for alone, and the
// clock is the server's.
func TestSizeAndClock(t *testing.T) {
	s := newServer(t)
	opened, err := mongo.Open(t.Context(), "mongodb://"+s.address+"/?directConnection=true", mongo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	s.script("listDatabases", bson.D{{Key: "ok", Value: 1.0}, {Key: "totalSize", Value: int64(9)}, {Key: "databases", Value: bson.A{
		bson.D{{Key: "name", Value: "formwork_a_1"}, {Key: "sizeOnDisk", Value: int64(4096)}, {Key: "empty", Value: false}},
		bson.D{{Key: "name", Value: "formwork_b_2"}, {Key: "sizeOnDisk", Value: int64(8192)}, {Key: "empty", Value: false}},
	}}})
	if size, err := opened.Size(t.Context()); err != nil || size != 12288 {
		t.Errorf("the size is %d, %v", size, err)
	}
	asked := s.commands()
	if filter := asked[len(asked)-1].Lookup("filter").String(); !strings.Contains(filter, "^formwork_") {
		t.Errorf("the server was asked for %s", filter)
	}
	if now, err := opened.Clock(t.Context()); err != nil || !now.Equal(serverTime) {
		t.Errorf("the clock shows %v, %v", now, err)
	}
}
