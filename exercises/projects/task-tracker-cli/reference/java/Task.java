import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** An element of the file. Its dates are texts: nothing is computed with them, and somebody may have edited them. */
record Task(long id, String description, Status status, String createdAt, String updatedAt) {
    static Task begun(long id, String description) {
        String now = now();
        return new Task(id, description, Status.TODO, now, now);
    }

    Task described(String newDescription) {
        return new Task(id, newDescription, status, createdAt, now());
    }

    Task marked(Status newStatus) {
        return new Task(id, description, newStatus, createdAt, now());
    }

    /** Empty for what {@link #toJson} did not make: what is dropped here would be missing after the next change. */
    static Optional<Task> fromJson(Object json) {
        if (json instanceof Map<?, ?> map
                && map.size() == 5
                && map.get("id") instanceof Long id
                && map.get("description") instanceof String description
                && map.get("createdAt") instanceof String createdAt
                && map.get("updatedAt") instanceof String updatedAt) {
            return Status.of(map.get("status"))
                    .map(status -> new Task(id, description, status, createdAt, updatedAt));
        }
        return Optional.empty();
    }

    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("id", id);
        json.put("description", description);
        json.put("status", status.toString());
        json.put("createdAt", createdAt);
        json.put("updatedAt", updatedAt);
        return json;
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
    }
}
