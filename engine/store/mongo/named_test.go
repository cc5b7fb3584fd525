package mongo_test

import (
	"testing"

	"formwork/engine/store/mongo"
)

func TestTheAddressNamesTheDatabase(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://localhost":                          "formwork",
		"mongodb://localhost/":                         "formwork",
		"mongodb://localhost/?replicaSet=rs0":          "formwork",
		"mongodb://localhost/crm":                      "crm",
		"mongodb://a:1,b:2/crm?replicaSet=rs0":         "crm",
		"mongodb://user:word@a/crm?authSource=admin":   "crm",
		"an address of nothing":                        "formwork",
		"mongodb://user:w%6Frd@a:27017/?appName=crm":   "formwork",
		"mongodb://%2Ftmp%2Fmongodb-27017.sock/people": "people",
	} {
		if got := mongo.Named(uri); got != want {
			t.Errorf("%s names %q, want %q", uri, got, want)
		}
	}
}
