import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

final class Batch {
    private static final int MAX_OPERATIONS = 1000;

    private Batch() {}

    /** Checks all operations before any of them is used. */
    static List<Change> parse(byte[] body) throws BadRequest {
        if (!(json(body) instanceof Map<?, ?> batch) || !(batch.get("operations") instanceof List<?> operations)) {
            throw new BadRequest("A batch has a list of operations");
        }
        if (operations.isEmpty() || operations.size() > MAX_OPERATIONS) {
            throw new BadRequest("A batch has 1 to " + MAX_OPERATIONS + " operations");
        }
        var changes = new ArrayList<Change>();
        for (var operation : operations) {
            changes.add(change(operation));
        }
        return changes;
    }

    private static Object json(byte[] body) throws BadRequest {
        try {
            return Json.parse(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString());
        } catch (CharacterCodingException | Json.Malformed e) {
            throw new BadRequest("A batch is JSON in UTF-8: " + e.getMessage());
        }
    }

    private static Change change(Object operation) throws BadRequest {
        if (!(operation instanceof Map<?, ?> members)) {
            throw new BadRequest("An operation is an object");
        }
        var key = Limits.checkKey(members.get("key") instanceof String text ? text : null);
        if ("delete".equals(members.get("op"))) {
            return Change.delete(key);
        }
        if (!"put".equals(members.get("op"))) {
            throw new BadRequest("An operation is a put or a delete");
        }
        if (!(members.get("value") instanceof String text)) {
            throw new BadRequest("A put has a value in base64");
        }
        return new Change(key, decode(text));
    }

    private static byte[] decode(String text) throws BadRequest {
        byte[] value;
        try {
            value = Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new BadRequest("A put has a value in base64");
        }
        if (value.length > Limits.MAX_VALUE) {
            throw new BadRequest(413, "A value has at most " + Limits.MAX_VALUE + " bytes");
        }
        return value;
    }
}
