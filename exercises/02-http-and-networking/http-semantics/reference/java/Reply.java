import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** A body is null where the answer has none. */
record Reply(int status, Map<String, String> headers, byte[] body) {
    static Reply empty(int status, Map<String, String> headers) {
        return new Reply(status, headers, null);
    }

    static Reply json(int status, String text, Map<String, String> headers) {
        return of(status, "application/json", text, headers);
    }

    static Reply refused(Refusal refusal) {
        var text = Json.write(Map.of("status", refusal.status, "title", refusal.getMessage()));
        return of(refusal.status, "application/problem+json", text, refusal.headers);
    }

    private static Reply of(int status, String type, String text, Map<String, String> headers) {
        var all = new LinkedHashMap<>(headers);
        all.put("Content-Type", type);
        return new Reply(status, all, text.getBytes(StandardCharsets.UTF_8));
    }
}
