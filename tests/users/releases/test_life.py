"""A user's life, and the rows of a real Magento, on every release's tables: the same tests as on the usual shop."""

from tests.users import test_reference, test_users

LIFE = (
    test_reference.test_the_rows_of_a_real_magento,
    test_users.test_a_name_changed_by_patch,
    test_users.test_a_password_is_stored_as_magento_stores_it,
    test_users.test_an_unmanaged_customer_is_listed_and_taken_over,
    test_users.test_create_writes_the_rows_of_a_fresh_customer,
    test_users.test_deactivate_shuts_the_doors_and_reactivate_opens_them,
    test_users.test_delete_removes_the_customer_as_magento_would,
    test_users.test_nothing_differs_nothing_is_written,
    test_users.test_put_replaces_and_an_absent_active_changes_nothing,
    test_users.test_the_shop_has_the_last_word,
)
globals().update({test.__name__: test for test in LIFE})
