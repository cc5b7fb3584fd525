package api

import "github.com/gofiber/fiber/v2"

const (
	get    = fiber.MethodGet
	post   = fiber.MethodPost
	put    = fiber.MethodPut
	patch  = fiber.MethodPatch
	remove = fiber.MethodDelete
)

// route is one address and method.
type route struct {
	method, path string
	do           func(*request) error
	says         string // for the documentation
	takes        string // names of the query parameters
	access
}

// access says who may come in.
type access struct {
	open  bool   // nobody needs to be logged in
	right string // the system right that is needed
	slow  bool   // may take minutes
}

var (
	open      = access{open: true}
	metaOps   = access{right: "manage_metadata", slow: true}
	setup     = access{right: "view_setup"}
	people    = access{right: "manage_users"}
	keyring   = access{right: "manage_keys"}
	exporting = access{right: "export", slow: true}
	slowMine  = access{slow: true}
	mine      = access{} // everybody who is logged in; the engine decides
)

const listTakes = "filter q sort fields limit cursor count"

// routes are all routes there are, those of most requests first.
func (s *Server) routes() []route {
	const v1 = Prefix
	return []route{
		{get, v1 + "/records/:object/:id", s.getRecord, "Reads a record.", "fields", mine},
		{get, v1 + "/records/:object", s.listRecords, "Lists records.", listTakes, mine},
		{post, v1 + "/records/:object", s.createRecord, "Creates a record.", "", mine},
		{patch, v1 + "/records/:object/:id", s.updateRecord, "Changes a record by a merge patch; If-Match guards against lost updates.", "", mine},
		{remove, v1 + "/records/:object/:id", s.deleteRecord, "Moves a record to the recycle bin.", "", mine},
		{post, v1 + "/records/:object/bulk", s.bulk, "Creates, changes and deletes many records, with a result for each.", "", mine},
		{post, v1 + "/records/:object/aggregate", s.aggregate, "Groups records and counts, sums, averages.", "", mine},
		{post, v1 + "/records/:object/:id/restore", s.restoreRecord, "Takes a record out of the recycle bin.", "", mine},
		{get, v1 + "/records/:object/:id/history", s.history, "Says who changed what, when and by what way.", "cursor limit", mine},
		{get, v1 + "/records/:object/:id/related/:list", s.related, "Lists the records of a related list.", listTakes, mine},
		{get, v1 + "/records/:object/:id/duplicates", s.duplicates, "Finds records that are probably the same thing.", "", mine},
		{post, v1 + "/records/:object/:id/merge", s.merge, "Makes one record of several; what refers to them is kept.", "", mine},
		{get, v1 + "/bin/:object", s.bin, "Lists the recycle bin.", "cursor limit", mine},
		{remove, v1 + "/bin/:object/:id", s.purge, "Removes a record from the recycle bin for good.", "", mine},
		{get, v1 + "/search", s.search, "Finds records of all objects by words.", "q objects limit", mine},

		{post, v1 + "/imports", s.startImport, "Imports a CSV file in the background: multipart form data with options, then the file.", "", slowMine},
		{get, v1 + "/imports/:id", s.getImport, "Shows an import and its progress.", "", mine},
		{get, v1 + "/imports/:id/errors", s.importErrors, "The refused rows with the reasons, as a file to correct and send again.", "bom", mine},
		{get, v1 + "/exports/:object", s.exportRecords, "Streams records as CSV or JSON lines.", "format bom filter q sort fields", exporting},

		{post, v1 + "/auth/login", s.login, "Logs in; answers with a token and sets a cookie.", "", open},
		{post, v1 + "/auth/logout", s.logout, "Ends the session.", "", open},
		{get, v1 + "/me", s.me, "Says who is logged in, with their rights.", "", mine},
		{put, v1 + "/me/password", s.changePassword, "Changes one's own password and ends all other sessions.", "", mine},
		{get, v1 + "/me/sessions", s.mySessions, "Lists one's own sessions.", "", mine},
		{remove, v1 + "/me/sessions", s.endMySessions, "Ends all of one's own sessions but this.", "", mine},
		{put, v1 + "/users/:id/password", s.setPassword, "Gives a user a password and ends their sessions.", "", people},
		{remove, v1 + "/users/:id/sessions", s.endSessions, "Ends a user's sessions.", "", people},
		{get, v1 + "/keys", s.listKeys, "Lists API keys.", "", keyring},
		{post, v1 + "/keys", s.createKey, "Makes an API key; its token is shown this once.", "", keyring},
		{remove, v1 + "/keys/:id", s.revokeKey, "Ends an API key.", "", keyring},

		{post, v1 + "/access/explain", s.explain, "Says why a user may or may not do something, and what would change it.", "", setup},

		{get, v1 + "/metadata", s.documents, "Lists the configuration's documents.", "kind layer", mine},
		{post, v1 + "/metadata/plan", s.plan, "Says what a change of the configuration would do, and does nothing.", "", metaOps},
		{post, v1 + "/metadata/apply", s.apply, "Changes the configuration.", "", metaOps},
		{get, v1 + "/metadata/revisions", s.revisions, "Lists the revisions of the configuration, newest first.", "cursor limit", setup},
		{get, v1 + "/metadata/diff", s.diff, "Compares two revisions.", "from to", setup},
		{post, v1 + "/metadata/rollback/plan", s.planRollback, "Says what going back to a revision would do, and does nothing.", "", metaOps},
		{post, v1 + "/metadata/rollback", s.rollback, "Goes back to a revision, as a new one.", "", metaOps},
		{get, v1 + "/metadata/packages", s.packages, "Lists packages: the version that is installed, and the one that comes along with the server.", "", metaOps},
		{post, v1 + "/metadata/packages/:name/plan", s.planUpgrade, "Says what an upgrade of a package would do, with its conflicts, and does nothing.", "", metaOps},
		{post, v1 + "/metadata/packages/:name/upgrade", s.upgrade, "Upgrades a package, or installs it; every conflict must be decided.", "", metaOps},
		{get, v1 + "/metadata/advice", s.advice, "Lists what is read or sorted without an index that fits.", "", setup},
		{get, v1 + "/metadata/:kind/:name", s.document, "Reads a document.", "layer", mine},
		{get, v1 + "/schemas/records/:object", s.recordSchema, "Is the JSON Schema of an object's records.", "", mine},
		{get, v1 + "/schemas/:kind", s.kindSchema, "Is the JSON Schema of a kind of documents.", "", mine},

		{get, v1 + "/jobs", s.listJobs, "Lists background work, newest first.", "kind state limit cursor", mine},
		{get, v1 + "/jobs/:id", s.getJob, "Shows background work and its progress.", "", mine},
		{post, v1 + "/jobs/:id/cancel", s.cancelJob, "Cancels background work.", "", mine},
		{post, v1 + "/jobs/:id/retry", s.retryJob, "Has failed background work go on.", "", mine},

		{get, v1 + "/openapi.json", s.openAPI, "Is this description, of what the caller may see.", "", mine},
		{get, "/", s.home, "Leads to the documentation.", "", open},
		{get, "/api/docs", s.docs, "Is the documentation to read.", "", open},
		{get, "/healthz", s.healthy, "Answers while the process lives.", "", open},
		{get, "/readyz", s.ready, "Answers 200 when requests can be served.", "", open},
		{get, "/metrics", s.showMetrics, "Metrics in the Prometheus text format.", "", open},
	}
}
