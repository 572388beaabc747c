"""What only we know, in our own `scim_*` tables beside Magento's: links with documents, and tokens."""
